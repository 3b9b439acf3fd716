"""Remote environments as the requests of one caller: the state, and what moves it on."""

import operator
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from faastraingym.algorithms.environments.space_data import space_of
from faastraingym.remote.connection import Connection
from faastraingym.remote.errors import RemoteError
from faastraingym.schemas.arrays import pack, unpack
from faastraingym.schemas.env_step import MOST_BODY, Begun, Made, Rendered, Stepped
from faastraingym.schemas.errors import PayloadError

SECONDS = 60.0  # for one request, with all of its attempts
RENDERS = "rgb_array"
CLOSING = 2.0  # seconds: what nobody closes expires

Answer = TypeVar("Answer", bound=Struct)


class Session:
    """B environments of one id; the state that they are in is the last answer's.

    A request that fails leaves them in the state before it, and may be made again.
    """

    def __init__(
        self,
        url: str,
        token: str,
        seconds: float,
        env_id: str,
        render_mode: str | None,
        wrappers: Any,
        kwargs: dict[str, Any],
        num_envs: int,
        vector: bool,
    ) -> None:
        """Make them.

        Raises:
            RemoteError: they cannot be made there.
        """
        self._connection = Connection(url, token, seconds)
        self._url = url
        self._state: str | None = None
        made = self._asked(
            "make",
            Made,
            env_id=env_id,
            kwargs=kwargs if render_mode is None else {**kwargs, "render_mode": render_mode},
            wrappers=list(wrappers),
            num_envs=num_envs,
            vector=vector,
        )
        self._state = made.state
        self.observation_space = space_of(made.observation_space)
        self.action_space = space_of(made.action_space)
        modes = made.metadata.get("render_modes") or ()
        self.metadata = {
            **made.metadata,
            "render_modes": [mode for mode in modes if mode == RENDERS],
        }

    def reset(self, seed: int | None, options: dict[str, Any] | None, mask: Any = None) -> Begun:
        """Begin new episodes in all of them, or where `mask` [B] is true."""
        number = None if seed is None else operator.index(seed)  # it may be NumPy's
        begun = self._moved("reset", Begun, seed=number, options=options, mask=mask)
        self._state = begun.state
        return begun

    def step(self, actions: Any) -> Stepped:
        """Take T steps by a batch of actions [T, B, ...]."""
        stepped = self._moved("step", Stepped, actions=actions)
        self._state = stepped.state
        return stepped

    def render(self, index: int) -> Any:
        """What one of them looks like, [H, W, 3] uint8."""
        return self._moved("render", Rendered, index=index).frame.copy()

    def close(self) -> None:
        """Forget them, once; where nobody answers, they expire."""
        state, self._state = self._state, None
        if state is not None:
            self._connection.try_once("close", pack({"state": state}), CLOSING)
        self._connection.close()

    def _moved(self, verb: str, kind: type[Answer], **fields: Any) -> Answer:
        if self._state is None:
            raise RemoteError("bad-request", "state", "the environment was closed; make another")
        return self._asked(verb, kind, state=self._state, **fields)

    def _asked(self, verb: str, kind: type[Answer], **fields: Any) -> Answer:
        try:
            body = pack(fields)
        except PayloadError as error:
            raise RemoteError("bad-request", "", f"{verb} cannot be sent: {error}") from error
        if len(body) > MOST_BODY:
            text = f"{verb} has {len(body)} bytes; allowed: at most {MOST_BODY}"
            raise RemoteError("too-large", "", text)
        answer = self._connection.ask(verb, body)
        try:
            return msgspec.convert(unpack(answer), kind)
        except (PayloadError, msgspec.ValidationError) as error:
            text = f"{self._url} answered what is none of env-step's answers: {error}"
            raise RemoteError("bad-request", "url", text) from error
