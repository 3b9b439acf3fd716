"""`faastrain/OpenEnv-v0`: an environment of an OpenEnv server, as Gymnasium's."""

import hashlib
import time
from collections.abc import Mapping
from random import random
from typing import Any, NamedTuple

import gymnasium
import msgspec

from faastraingym.remote.connection import AGAIN, pause
from faastraingym.remote.errors import RemoteError
from faastraingym.remote.openenv_fields import Fields
from faastraingym.remote.openenv_session import OpenEnvSession, Played
from faastraingym.schemas.env_step import MOST_ACTIONS

SECONDS = 20.0  # for a reset or a step; a run's check, which has 30, then says what is away
# Of an answer's metadata, for OpenEnv itself has one kind of end, `done`.
TERMINATED, TRUNCATED = "terminated", "truncated"
# Left out of infos, so that stages which only read spaces need not ask the server whether it has
# one. A mask may be a field of the observation.
MASK = "action_mask"


class Step(NamedTuple):
    """What a message gave, as Gymnasium has it."""

    observation: Any
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]


class OpenEnv(gymnasium.Env):  # type: ignore[misc]
    """One session of an OpenEnv server. Every episode is seeded, so it is played again where the
    server or the connection was lost.

    Args:
        url: of the server, as http://127.0.0.1:8000.
        observation: the fields of an observation that count: a table of spaces by name, as
            {"board": {"kind": "Box", "low": 0, "high": 2, "shape": [9], "dtype": "int8"}}.
            One field is the observation itself, several are a Dict.
        action: the fields of an action, likewise.
        token: sent as `Authorization: Bearer <token>`, if there is one.
        seconds: for one reset or step; meanwhile it is repeated until it is answered.

    Raises:
        RemoteError: an argument is wrong; so do its methods, also if nobody answers.
    """

    metadata: dict[str, Any] = {"render_modes": [], MASK: False}

    def __init__(
        self,
        url: str,
        observation: Mapping[str, Any],
        action: Mapping[str, Any],
        *,
        token: str = "",
        seconds: float = SECONDS,
    ) -> None:
        self._observed, self._acted = Fields("observation", observation), Fields("action", action)
        self.observation_space, self.action_space = self._observed.space, self._acted.space
        self._session = OpenEnvSession(url, token)
        self._seconds = seconds
        self._episode: list[bytes] = []  # its messages, the reset first
        self._given = hashlib.sha256()  # of what they gave

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode. Its seed is `seed`, or drawn from the one before; `options` are further
        arguments of the server's reset."""
        super().reset(seed=seed)
        number = int(self.np_random.integers(2**31)) if seed is None else int(seed)
        message = _message("reset", {**(options or {}), "seed": number})
        self._episode, self._given = [], hashlib.sha256()
        begun = self._answered(message)
        if begun.terminated or begun.truncated:
            raise RemoteError("environment-failed", "", "the server's episode ends with its reset")
        return begun.observation, begun.info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take one step."""
        if not self._episode:
            raise RemoteError("bad-request", "", "there is no episode; reset the environment")
        return tuple(self._answered(_message("step", self._acted.written(action))))

    def close(self) -> None:
        """Let the server forget it."""
        self._episode = []
        self._session.close()

    def _answered(self, message: bytes) -> Step:
        """The answer to the episode's next message; whatever fails leaves the episode before it."""
        until, attempt = time.monotonic() + self._seconds, 0
        while True:
            try:
                step = self._asked(message, until)
                break
            except BaseException as error:
                self._session.close()  # the state that it has is not certain
                if not isinstance(error, RemoteError) or error.kind not in AGAIN:
                    raise
                wait, attempt = pause(attempt, random()), attempt + 1
                if time.monotonic() + wait > until:
                    text = f"{error.text} (tried {attempt} times in {self._seconds:g} s)"
                    raise RemoteError(error.kind, error.path, text) from error
            time.sleep(wait)
        if len(self._episode) <= MOST_ACTIONS:
            self._episode.append(message)
        self._given.update(_mark(step))
        return step

    def _asked(self, message: bytes, until: float) -> Step:
        if self._episode and not self._session.is_open:
            self._play_again(until)
        return self._read(self._session.ask(message, until))

    def _play_again(self, until: float) -> None:
        """Bring a new session to where the lost one was.

        Raises:
            RemoteError: the episode is another one now, or too long.
        """
        if len(self._episode) > MOST_ACTIONS:
            text = f"the session was lost after {MOST_ACTIONS} steps of an episode or more; reset"
            raise RemoteError("too-large", "", text)
        given = hashlib.sha256()
        for message in self._episode:
            given.update(_mark(self._read(self._session.ask(message, until))))
        if given.digest() != self._given.digest():
            raise RemoteError(
                "environment-failed",
                "",
                "the session was lost, and the same seed and actions gave another episode: the "
                "server's environment is not determined by its seed",
            )

    def _read(self, played: Played) -> Step:
        about = played.metadata or {}
        truncated = played.done and about.get(TRUNCATED) is True
        terminated = played.done and about.get(TERMINATED, not truncated) is True
        return Step(
            self._observed.read(played.observation),
            float(played.reward or 0.0),
            terminated,
            truncated or (played.done and not terminated),
            {name: value for name, value in about.items() if name != MASK},
        )


def _message(kind: str, data: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode({"type": kind, "data": data})
    except (TypeError, ValueError) as error:
        raise RemoteError("bad-request", "", f"{kind} cannot be sent: {error}") from error


def _mark(step: Step) -> bytes:
    """What must be equal when it is played again: all but the info."""
    return repr((_bits(step.observation), *step[1:4])).encode()


def _bits(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bits(part) for name, part in value.items()}
    return [_bits(part) for part in value] if isinstance(value, tuple) else value.tobytes()
