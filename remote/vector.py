"""`faastrain/Remote-v0` of `gymnasium.make_vec`: environments that are stepped in one request."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space, create_empty_array

from faastraingym.remote.errors import RemoteError
from faastraingym.remote.session import SECONDS, Session
from faastraingym.remote.spaces import info_of, merged, received, sent

ALL, FIRST_STEP = slice(None), 0  # of a batch [B, ...], and of one [T, B, ...]
MASK = "reset_mask"  # Gymnasium's name, among a reset's options


class RemoteVectorEnv(VectorEnv):  # type: ignore[misc]
    """Environments of `env-step`, as `gymnasium.vector.SyncVectorEnv` steps local ones.

    Arguments and errors are those of RemoteEnv; one whose episode has ended is reset by its next
    step (NEXT_STEP), or by a reset with `options={"reset_mask": [B] booleans}`.
    """

    def __init__(
        self,
        url: str,
        env_id: str,
        token: str = "",
        *,
        num_envs: int = 1,
        render_mode: str | None = None,
        wrappers: Sequence[dict[str, Any]] = (),
        seconds: float = SECONDS,
        **kwargs: Any,
    ) -> None:
        self._session = Session(
            url, token, seconds, env_id, render_mode, wrappers, kwargs, num_envs, vector=True
        )
        self.num_envs = num_envs
        self.single_observation_space = self._session.observation_space
        self.single_action_space = self._session.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.metadata = {**self._session.metadata, "autoreset_mode": AutoresetMode.NEXT_STEP}
        self.render_mode = render_mode
        # the last batch of observations, and where in it they are
        self._last: tuple[Any, Any] = (create_empty_array(self.observation_space), FIRST_STEP)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes: environment i with seed + i, or each with its own generator."""
        if not (seed is None or isinstance(seed, int | np.integer)):
            raise RemoteError(
                "bad-request",
                "seed",
                f"seed: found {seed!r:.80}; allowed: an integer, of the first environment; the "
                "others take the following ones",
            )
        others = dict(options or {})
        mask = others.pop(MASK, None)
        if mask is not None:
            self._check(mask)
        begun = self._session.reset(seed, others if options else None, mask)
        if mask is None:
            self._last = (begun.observations, ALL)
        else:
            whole = received(self.observation_space, *self._last)
            self._last = (merged(self.observation_space, whole, begun.observations, mask), ALL)
        which = range(self.num_envs) if mask is None else np.flatnonzero(mask)
        return self._observed(), self._told(zip(which, begun.infos, strict=True))

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Take a step in each, or reset it where its episode ended in the last one."""
        stepped = self._session.step(sent(self.action_space, actions, axes=1))
        self._last = (stepped.observations, FIRST_STEP)
        return (
            self._observed(),
            np.array(stepped.rewards[FIRST_STEP]),
            np.array(stepped.terminated[FIRST_STEP]),
            np.array(stepped.truncated[FIRST_STEP]),
            self._told(enumerate(stepped.infos[FIRST_STEP])),
        )

    def render(self) -> tuple[Any, ...] | None:
        """The picture of each, [H, W, 3] uint8."""
        if self.render_mode is None:
            return None
        return tuple(self._session.render(i) for i in range(self.num_envs))

    def close_extras(self, **_: Any) -> None:
        """Let the remote environments be forgotten."""
        if hasattr(self, "_session"):  # they were made
            self._session.close()

    def _observed(self) -> Any:
        return received(self.observation_space, *self._last)

    def _told(self, infos: Iterable[tuple[int, dict[str, Any]]]) -> dict[str, Any]:
        """One table of infos for all of them, as every VectorEnv has."""
        table: dict[str, Any] = {}
        for i, info in infos:
            table = self._add_info(table, info_of(info), i)
        return table

    def _check(self, mask: Any) -> None:
        is_one = isinstance(mask, np.ndarray) and mask.dtype == np.bool_
        if not (is_one and mask.shape == (self.num_envs,) and mask.any()):
            raise RemoteError(
                "bad-request",
                f"options.{MASK}",
                f"options.{MASK}: found {mask!r:.80}; allowed: an array of {self.num_envs} "
                "booleans, of which one is true or more",
            )
