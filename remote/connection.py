"""One kept HTTP connection to `env-step`, which repeats a request until it is answered.

An answer follows from the request alone, since that carries the state: the same request twice does
nothing twice. So whatever loses an answer (a replica that died, a gateway that restarts, a refusal
for now) is met by the same bytes once more.
"""

import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from random import random
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from faastraingym.remote.errors import RemoteError
from faastraingym.schemas.answers import STATUS, Failure

FUNCTION = "env-step"
MSGPACK = "application/msgpack"
SHORTEST, LONGEST = 0.02, 2.0  # seconds between two attempts; the wait doubles
KINDS = {status: kind for kind, status in STATUS.items()}
AGAIN = {"too-many", "unavailable"}


class Reply(NamedTuple):
    """An answer, whatever it says."""

    status: int
    kind: str  # its Content-Type
    retry_after: str
    body: bytes


class Connection:
    """Requests of one caller to one function, one after the other."""

    def __init__(self, url: str, token: str, seconds: float) -> None:
        """`url` is the gateway's; `seconds` are for one request with all of its attempts.

        Raises:
            RemoteError: it is no URL.
        """
        self._server, self._path = _located(url)
        self._url = url
        self._seconds = seconds
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": MSGPACK,
            "Accept": MSGPACK,
        }

    def ask(self, verb: str, body: bytes) -> bytes:
        """The body of the answer.

        Raises:
            RemoteError: it was refused, or `seconds` passed without an answer.
        """
        until, attempt = time.monotonic() + self._seconds, 0
        while True:
            found = self._attempt(verb, body, max(until - time.monotonic(), SHORTEST))
            if isinstance(found, Reply) and found.status == HTTPStatus.OK:
                return found.body
            error, asked = told(found, self._url)
            if error.kind not in AGAIN:
                raise error
            wait = max(pause(attempt, random()), asked)
            attempt += 1
            if time.monotonic() + wait > until:
                text = f"{error.text} (tried {attempt} times in {self._seconds:g} s)"
                raise RemoteError(error.kind, error.path, text)
            time.sleep(wait)

    def try_once(self, verb: str, body: bytes, seconds: float) -> None:
        """Send what nobody needs the answer of; nothing is raised."""
        self._attempt(verb, body, seconds)

    def close(self) -> None:
        """Let the connection go; the next request opens another one."""
        self._server.close()

    def _attempt(self, verb: str, body: bytes, seconds: float) -> "Reply | Exception":
        """The answer, or what kept it from coming."""
        server = self._server
        server.timeout = seconds
        try:
            if server.sock is not None:
                server.sock.settimeout(seconds)
            server.request("POST", f"{self._path}/{verb}", body, self._headers)
            server.flush()
            answer = server.getresponse()
            kind = answer.headers.get_content_type()
            later = answer.headers.get("Retry-After", "")
            return Reply(answer.status, kind, later, answer.read())
        except (OSError, HTTPException) as error:
            server.close()
            return error
        finally:
            server.drop()


class _AtOnce(HTTPConnection):
    """Sends head and body together: the gateway is fast with requests that arrive whole."""

    _held = b""

    def send(self, data: Any) -> None:
        """Keep it until `flush`."""
        self._held += data

    def flush(self) -> None:
        """Send what was kept."""
        super().send(self._held)

    def drop(self) -> None:
        """Forget it."""
        self._held = b""


class _AtOnceTLS(_AtOnce, HTTPSConnection):
    """The same over TLS."""


def pause(attempt: int, fraction: float) -> float:
    """Seconds before the next attempt: doubled each time, and spread, so that callers part."""
    return min(SHORTEST * 2.0 ** min(attempt, 16), LONGEST) * (0.5 + fraction / 2)


def told(found: "Reply | Exception", url: str) -> tuple[RemoteError, float]:
    """What an attempt failed by, and the seconds that the server asks to wait."""
    if isinstance(found, Exception):
        reason = str(found) or type(found).__name__
        text = f"{url} does not answer: {reason}; is the gateway there, and `url` its URL?"
        return RemoteError("unavailable", "", text), 0.0
    asked = float(found.retry_after) if found.retry_after.isdecimal() else 0.0
    try:
        decode = msgspec.msgpack.decode if found.kind == MSGPACK else msgspec.json.decode
        error = decode(found.body, type=Failure).error
        return RemoteError(error.kind, error.path, error.text), asked
    except msgspec.MsgspecError:  # not the function's answer, but of a gateway before it
        said = found.body[:200].decode(errors="replace").strip() or "nothing"
        text = f"{url} answered {found.status} instead of {FUNCTION}, and said: {said}"
        return RemoteError(kind_of(found.status), "", text), asked


def kind_of(status: int) -> str:
    """The function's word for a gateway's status; whatever the gateway lacks may come back."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "unavailable"
    return KINDS.get(status, "bad-request")


def _located(url: str) -> tuple[_AtOnce, str]:
    """A connection that is not open yet, and the path of the function's verbs."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # of brackets, or of a port
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        text = f"found {url!r:.200}; allowed: a gateway's URL, as http://127.0.0.1:8080"
        raise RemoteError("bad-request", "url", text)
    made: Callable[[], _AtOnce] = (
        (lambda: _AtOnceTLS(host, port, context=ssl.create_default_context()))
        if parts.scheme == "https"
        else (lambda: _AtOnce(host, port))
    )
    return made(), f"{parts.path.rstrip('/')}/function/{FUNCTION}"
