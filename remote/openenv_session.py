"""A session of an OpenEnv server: a WebSocket, over which one environment is reset and stepped."""

import time
from contextlib import ExitStack, suppress
from typing import Any, NoReturn
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from faastraingym.remote.connection import kind_of
from faastraingym.remote.errors import RemoteError
from faastraingym.schemas.env_step import MOST_ANSWER, MOST_BODY

SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
TOO_BIG = 1009  # a WebSocket's close code
OPENING, CLOSING = 10.0, 0.5  # seconds for one attempt to connect, and for a goodbye
# What openenv.core.env_server.types.WSErrorCode says, in our kinds.
KINDS = {
    "INVALID_JSON": "bad-request",
    "UNKNOWN_TYPE": "bad-request",
    "VALIDATION_ERROR": "bad-request",
    "CAPACITY_REACHED": "too-many",
}


class Played(Struct):
    """What a reset or a step gave."""

    observation: dict[str, Any]
    reward: bool | float | None = None
    done: bool = False
    metadata: dict[str, Any] | None = None


class Said(Struct):
    """Why there was none."""

    message: str = ""
    code: str = ""
    errors: Any = None  # of its validation


class Observed(Struct, tag_field="type", tag="observation"):
    """A message of the server's."""

    data: Played


class Failed(Struct, tag_field="type", tag="error"):
    """Another one."""

    data: Said


class OpenEnvSession:
    """Requests over one WebSocket at a time, which is opened by the first of them."""

    def __init__(self, url: str, token: str) -> None:
        """`url` is the server's, with http, https, ws or wss.

        Raises:
            RemoteError: it is no URL.
        """
        self._url = url
        self._address = _address(url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._socket: Any = None
        self._leave = ExitStack()

    @property
    def is_open(self) -> bool:
        """Whether the server may have an environment for it."""
        return self._socket is not None

    def ask(self, message: bytes, until: float) -> Played:
        """Send a message and wait for its answer, until a time of `time.monotonic`.

        Raises:
            RemoteError: `unavailable` or `too-many`: the same may be answered in a new session;
                any other: the server refuses it.
        """
        if len(message) > MOST_BODY:
            text = f"a message has {len(message)} bytes; allowed: at most {MOST_BODY}"
            raise RemoteError("too-large", "", text)
        try:
            raw = self._exchange(message, until)
            answer = msgspec.json.decode(raw, type=Observed | Failed)
        except msgspec.MsgspecError as error:
            text = f"url: {self._url} answered what is none of OpenEnv's messages: {error}"
            raise RemoteError("bad-request", "url", text) from error
        return answer.data if isinstance(answer, Observed) else self._failed(answer.data)

    def close(self) -> None:
        """Let the environment be forgotten; the next request opens another session."""
        self._socket = None
        self._leave.close()

    def _exchange(self, message: bytes, until: float) -> bytes | str:
        websockets = _library()
        try:
            if self._socket is None:
                self._socket = self._opened(until)
            with suppress(websockets.ConnectionClosed):  # what it said before may say why
                self._socket.send(message.decode())
            answer: bytes | str = self._socket.recv(timeout=max(until - time.monotonic(), 0.01))
            return answer
        except websockets.InvalidStatus as error:
            status = error.response.status_code
            text = f"{self._url} answered {status} to a WebSocket; is it an OpenEnv server's URL?"
            raise RemoteError(kind_of(status), "url", text) from error
        except websockets.ConnectionClosed as error:
            if error.sent is not None and error.sent.code == TOO_BIG:
                text = f"{self._url} answered more than {MOST_ANSWER} bytes"
                raise RemoteError("too-large", "", text) from error
            raise self._away("closed the connection") from error
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            raise self._away(f"does not answer: {str(error) or type(error).__name__}") from error

    def _opened(self, until: float) -> Any:
        from websockets.sync.client import connect

        context = connect(
            self._address,
            additional_headers=self._headers,
            open_timeout=max(min(until - time.monotonic(), OPENING), 0.01),
            close_timeout=CLOSING,
            max_size=MOST_ANSWER,
            compression=None,
            proxy=None,
        )
        return self._leave.enter_context(context)

    def _away(self, what: str) -> RemoteError:
        text = f"{self._url} {what}; is the OpenEnv server there, and `url` its URL?"
        return RemoteError("unavailable", "", text)

    def _failed(self, said: Said) -> NoReturn:
        why = f"{said.message}{f' {said.errors}' if said.errors else ''}"
        text = f"{self._url}: {said.code or 'error'}: {' '.join(why.split()):.300}"
        raise RemoteError(KINDS.get(said.code, "environment-failed"), "", text)


def _library() -> Any:
    try:
        import websockets
    except ImportError as error:
        text = "websockets is not installed; run `pip install 'faastraingym[openenv]'`"
        raise RemoteError("bad-request", "", text) from error
    return websockets


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except (ValueError, AttributeError):  # of brackets, of a port, or of no text
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in SCHEMES:
        text = f"url: found {url!r:.200}; allowed: an OpenEnv server's, as http://127.0.0.1:8000"
        raise RemoteError("bad-request", "url", text)
    query = f"?{parts.query}" if parts.query else ""
    return f"{SCHEMES[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}/ws{query}"
