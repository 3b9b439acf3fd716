"""The fast path to a function (ADR 19): requests that are plain and arrive whole are served here.

From the first request on that is anything else (another route or version, in pieces, large,
chunked, pipelined, no HTTP at all) the connection is aiohttp's, which gets the bytes as they came:
so unusual requests have one meaning and one set of bounds.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from itertools import chain
from typing import NamedTuple, cast

from aiohttp import web
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from faastraingym.embedded.contract import http
from faastraingym.embedded.contract.bodies import Body, Spooled
from faastraingym.embedded.contract.budget import OWN
from faastraingym.embedded.contract.headers import client, forwarded
from faastraingym.embedded.contract.messages import Request, Response
from faastraingym.embedded.gateway.invoke import INVOCATIONS
from faastraingym.events.delivery.requests import HOP_BY_HOP

logger = logging.getLogger(__name__)

MOST_HEAD = 16 << 10
_TARGET = re.compile(r"/(async-)?function/([a-z0-9.-]+)(/[!->@-~]*|)(\?[!-~]*|)")
_OURS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH"})  # whose answers have bodies
_NOT_OURS = (HOP_BY_HOP - {"connection"}) | {"expect"}
_REASONS = {int(status): status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})


class Call(NamedTuple):
    """A plain request to a function."""

    name: str
    later: bool
    request: Request
    host: str


class Reader:
    """Reads requests that are plain and whole; None for all others."""

    def __init__(self, most: int) -> None:
        self._most = min(OWN, most)
        self._parser = HttpRequestParser(self)

    def read(self, data: bytes) -> Call | None:
        """The only request in `data`, if it is one of ours."""
        self._url, self._body, self._host, self._begun, self._ended = b"", b"", "", 0, False
        self._count = 0  # headers, kept or not
        self._headers: list[tuple[str, str]] = []
        self._plain = len(data) <= self._most
        try:
            self._parser.feed_data(data if self._plain else b"")
        except (HttpParserError, HttpParserUpgrade, UnicodeDecodeError):
            return None
        is_whole = self._ended and self._plain and self._host and self._begun == 1
        if not is_whole or self._count > http.MOST_HEADERS:
            return None
        method = self._parser.get_method().decode()
        if method not in _OURS or len(data) - len(self._body) > MOST_HEAD:
            return None
        form = _TARGET.fullmatch(self._url.decode("latin-1"))
        if form is None or (form[1] and method != "POST") or "#" in form[0]:
            return None
        path = (form[3] or "/") + form[4]
        request = Request(method, path, self._headers, self._body)
        return Call(form[2], bool(form[1]), request, self._host)

    def on_message_begin(self) -> None:
        self._begun += 1

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count += 1
        key, text = name.decode("ascii"), value.decode("ascii")
        match key.lower():
            case "host":
                self._plain = self._plain and not self._host
                self._host = text
            case "content-length":
                pass
            case "connection":
                self._plain = self._plain and text.lower() == "keep-alive"
            case lower if lower in _NOT_OURS:
                self._plain = False
            case _:
                self._headers.append((key, text))

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._ended = True  # HTTP/1.0 does not define when the connection ends
        self._plain = self._plain and self._parser.get_http_version() == "1.1"


class _FastPath(asyncio.Protocol):
    """A connection for as long as it is plain; one request at a time."""

    def __init__(self, fast_paths: "FastPaths") -> None:
        self._paths = fast_paths
        self._loop = asyncio.get_running_loop()
        self._reader = Reader(fast_paths.most)
        self._budget = fast_paths.budget
        self._budget.enter(self)
        self._transport: asyncio.Transport
        self._serving: asyncio.Task[None] | None = None
        self._next = b""  # bytes that came while a request was served
        self._full = False  # the client does not read its answers
        self._readable = asyncio.Event()  # it does, or is gone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._paths.open.add(self)
        self._client = client(transport)
        self._due = self._loop.time() + self._paths.idle_seconds
        self._timer = self._loop.call_at(self._due, self._look)

    def connection_lost(self, error: Exception | None) -> None:
        self._next = b""
        self._readable.set()
        self._leave()

    def data_received(self, data: bytes) -> None:
        if self._serving is not None or self._full:
            self._next += data
            self._transport.pause_reading()
            return
        call = self._reader.read(data)
        if call is None:
            self._hand_over(data)
            return
        self._budget.begin(self)
        headers = forwarded(call.request.headers, self._client, call.host)
        call = call._replace(request=call.request._replace(headers=headers))
        self._serving = self._loop.create_task(self._serve(call))

    def pause_writing(self) -> None:
        self._full = True
        self._readable.clear()

    def resume_writing(self) -> None:
        self._full = False
        self._readable.set()
        self._go_on()

    async def stop(self) -> None:
        """Close once the request that is being served is answered."""
        if self._serving is not None:
            await asyncio.wait([self._serving])
        self._transport.close()

    def abort(self) -> None:
        """Close now; a client that waits for an answer gets none."""
        if self._serving is not None:
            self._serving.cancel()
        self._transport.abort()

    async def _serve(self, call: Call) -> None:
        size = len(call.request.body)
        self._budget.memory += size
        try:
            head, body = await self._paths.invoke(call)
            if not isinstance(body, bytes):
                await self._send(head, body)
            elif not self._transport.is_closing():
                self._transport.write(head + body)
        finally:
            self._budget.memory -= size
            self._serving = None
            self._budget.end(self)
            self._due = self._loop.time() + self._paths.idle_seconds
            self._go_on()

    async def _send(self, head: bytes, body: Spooled) -> None:
        """An answer out of a file, as fast as it is read, within the time of an idle connection."""
        try:
            async with asyncio.timeout(self._paths.idle_seconds):
                for piece in chain((head,), body.pieces()):
                    if self._transport.is_closing():
                        return
                    self._transport.write(piece)
                    if self._full:
                        await self._readable.wait()
        except TimeoutError:
            self._transport.abort()
        finally:
            body.close()

    def _go_on(self) -> None:
        if self._next and self._serving is None and not self._full:
            data, self._next = self._next, b""
            self._transport.resume_reading()
            self.data_received(data)

    def _hand_over(self, data: bytes) -> None:
        self._leave()
        protocol = self._paths.other()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(data)

    def _leave(self) -> None:
        self._paths.open.discard(self)
        self._budget.leave(self)
        self._timer.cancel()

    def _look(self) -> None:
        """Close a connection that has long had no request, or whose answer is not read."""
        if self._serving is not None:
            self._due = self._loop.time() + self._paths.idle_seconds
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(self._due, self._look)
        else:
            self._transport.abort()


class FastPaths:
    """All plain connections of a gateway; `other` makes the protocol of those that are not."""

    def __init__(self, app: web.Application, other: Callable[[], asyncio.Protocol]) -> None:
        self.other, self.budget = other, app[http.BUDGET]
        self.most, _, self.idle_seconds = app[http.LIMITS]
        self.open: set[_FastPath] = set()
        self._invocations = app[INVOCATIONS]

    def __call__(self) -> _FastPath:
        """The protocol of a new connection."""
        return _FastPath(self)

    async def invoke(self, call: Call) -> tuple[bytes, Body]:
        """Head and body of the function's answer, or of the answer that the call is queued."""
        try:
            if call.later:
                response = await self._invocations.later(call.name, call.request, call.host)
            else:
                response = await self._invocations.now(call.name, call.request)
            return encode(response)
        except Exception:
            # The boundary: a defect ends one invocation, and its caller gets an error.
            logger.exception("invocation of %s", call.name)
            return encode(Response(500, [], b""))

    async def close(self, seconds: float) -> None:
        """Close every connection, those that are served within `seconds`."""
        stopping = [asyncio.ensure_future(fast_path.stop()) for fast_path in self.open]
        if stopping:
            await asyncio.wait(stopping, timeout=seconds)
        for fast_path in list(self.open):
            fast_path.abort()


def encode(response: Response) -> tuple[bytes, Body]:
    """An answer's head and body; raises ValueError: the end of a line within a header."""
    status, headers, body = response
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if not any(name.lower() == "date" for name, _ in headers):
        lines.append(f"Date: {_date(int(time.time()))}")
    if status in _BODILESS:
        body = b""
    else:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1 or "\0" in head:
        raise ValueError(f"a line's end within the headers {headers!r:.200}")
    return f"{head}\r\n\r\n".encode(), body


@lru_cache(maxsize=1)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)
