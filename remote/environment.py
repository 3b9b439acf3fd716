"""`faastrain/Remote-v0`: one environment that is stepped elsewhere."""

from collections.abc import Sequence
from typing import Any

import gymnasium

from faastraingym.remote.session import RENDERS, SECONDS, Session
from faastraingym.remote.spaces import info_of, received, sent

FIRST, FIRST_STEP = 0, (0, 0)  # of a batch [B, ...], and of one [T, B, ...]


class RemoteEnv(gymnasium.Env):  # type: ignore[misc]
    """An environment of `env-step`, with the transitions that a local one of the same id has.

    Args:
        url: of the gateway, as http://127.0.0.1:8080.
        env_id: registered with Gymnasium there, as CartPole-v1.
        token: a caller's, of the secret ftg-caller-tokens.
        render_mode: "rgb_array", or none.
        wrappers: of Gymnasium, to be put around it there: tables of `name` and `kwargs`.
        seconds: for one request; meanwhile it is repeated until it is answered.
        **kwargs: of the environment itself, as `gymnasium.make` takes them there.

    Raises:
        RemoteError: it cannot be made there, or nobody answers; so do its methods.
    """

    metadata = {"render_modes": [RENDERS]}

    def __init__(
        self,
        url: str,
        env_id: str,
        token: str = "",
        *,
        render_mode: str | None = None,
        wrappers: Sequence[dict[str, Any]] = (),
        seconds: float = SECONDS,
        **kwargs: Any,
    ) -> None:
        self._session = Session(
            url, token, seconds, env_id, render_mode, wrappers, kwargs, num_envs=1, vector=False
        )
        self.observation_space = self._session.observation_space
        self.action_space = self._session.action_space
        self.metadata = self._session.metadata
        self.render_mode = render_mode

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; without a seed the environment's own generator goes on."""
        super().reset(seed=seed)
        begun = self._session.reset(seed, options)
        return received(self.observation_space, begun.observations, FIRST), info_of(begun.infos[0])

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take one step."""
        stepped = self._session.step(sent(self.action_space, action, axes=2))
        return (
            received(self.observation_space, stepped.observations, FIRST_STEP),
            float(stepped.rewards[FIRST_STEP]),
            bool(stepped.terminated[FIRST_STEP]),
            bool(stepped.truncated[FIRST_STEP]),
            info_of(stepped.infos[0][0]),
        )

    def render(self) -> Any:
        """The picture, [H, W, 3] uint8."""
        return None if self.render_mode is None else self._session.render(0)

    def close(self) -> None:
        """Let the remote environment be forgotten."""
        self._session.close()
