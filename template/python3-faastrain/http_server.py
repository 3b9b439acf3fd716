"""HTTP/1.1 for one handler of whole bodies: bounded in size and time, drained at its end.

A connection carries one request at a time; what comes meanwhile waits. Standard library and
httptools alone.
"""

import asyncio
import socket
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, NamedTuple, cast

import httptools

Response = tuple[int, dict[str, str], bytes]
Handle = Callable[[bytes, dict[str, str]], Awaitable[Response]]

# Among the headers: path and query, and the method, as they came; no header has such a name.
PATH, METHOD = ":path", ":method"
HEALTH_PATHS = (b"/_/health", b"/_/ready")  # nothing is served before the handler has started
MAX_OVERHEAD = 1 << 20  # bytes of a request's line, headers, trailers and marks of chunks
TEXT = {"content-type": "text/plain; charset=utf-8"}
BODILESS = (204, 304)
BODY = {"content-length", "transfer-encoding"}
REASONS = {int(status): status.phrase for status in HTTPStatus}


class Limits(NamedTuple):
    """The limits of one request."""

    body_bytes: int
    seconds: float  # in which its head must have arrived, and then its body


class Request(NamedTuple):
    """One that has arrived; `last`: the connection ends with its answer."""

    method: bytes
    path: bytes  # without its query
    headers: dict[str, str]
    body: bytes
    last: bool


class Server:
    """Serves a handler on a listening socket."""

    def __init__(self, handle: Handle, limits: Limits) -> None:
        self.handle, self.limits = handle, limits
        self.stopping = False
        self.connections: set[Connection] = set()
        self._gone = asyncio.Event()

    async def serve(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Serve until `stop`; then answer what has arrived, and return."""
        loop = asyncio.get_running_loop()
        on_path = listener.family == socket.AF_UNIX
        create: Any = loop.create_unix_server if on_path else loop.create_server
        server = await create(lambda: Connection(self), sock=listener, backlog=1024)
        await stop.wait()
        self.stopping = True
        server.close()
        for connection in list(self.connections):
            connection.close_if_idle()
        while self.connections:
            self._gone.clear()
            await self._gone.wait()

    def forget(self, connection: "Connection") -> None:
        self.connections.discard(connection)
        self._gone.set()

    async def answer(self, request: Request) -> Response:
        """The handler's, or 500 with what went wrong on stderr."""
        if request.path in HEALTH_PATHS:
            return 200, TEXT, b"OK"
        try:
            status, headers, body = await self.handle(request.body, request.headers)
            return int(status), dict(headers), bytes(body)
        except Exception:  # noqa: BLE001  the boundary: a defect ends one request, and is shown
            traceback.print_exc()
            return 500, TEXT, b"Internal Server Error\n"


class Connection(asyncio.Protocol):
    """Reads requests, bounded, and writes their answers in order."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._limits = server.limits
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._serving: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._partial = True  # a request is due
        self._stage = self._timed = 0  # heads and bodies that were begun; and the one that is timed
        self._timer: asyncio.TimerHandle | None = None
        self._paused = self._refused = self._lost = False
        self._begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection opens: its first request is due."""
        self._transport = cast(asyncio.Transport, transport)
        self._server.connections.add(self)
        self._time()

    def connection_lost(self, error: Exception | None) -> None:
        """Go on with the request that is being served; drop those that wait."""
        self._waiting.clear()
        self._forget_timer()
        self._writable.set()
        self._lost = True
        if self._serving is None:
            self._server.forget(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Bytes arrive; too many of them without being a body end the connection."""
        if self._refused:
            return
        self._overhead += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Served as if nothing else had been offered; but of its body the parser knows nothing.
            if self._waiting and BODY & self._waiting[-1].headers.keys():
                self._waiting.pop()
            self._refuse(400, "A request with a body cannot ask for another protocol.")
        except httptools.HttpParserError:
            self._refuse(400, "Invalid HTTP request received.")
        if self._overhead > MAX_OVERHEAD:
            self._refuse(400, "Headers or chunks are too large.")
        self._time()
        self._go_on()

    def on_message_begin(self) -> None:
        self._begin()
        self._partial = True
        self._stage += 1

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; trailers are none."""
        if not self._headed:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._headed = True
        self._stage += 1
        expected = self._headers.get("expect", "").lower() == "100-continue"
        if expected and self._serving is None and not self._waiting:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._overhead -= len(body)
        self._size += len(body)
        if self._size <= self._limits.body_bytes:
            self._body.append(body)
        else:
            limit = self._limits.body_bytes
            self._refuse(413, f"The body is larger than max_body_bytes={limit}.")

    def on_message_complete(self) -> None:
        self._partial = False
        if self._refused:
            return
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        method, version = self._parser.get_method(), self._parser.get_http_version()
        last = version != "1.1" or not self._parser.should_keep_alive()
        path = self._url.partition(b"?")[0]
        self._headers[PATH] = self._url.decode("latin-1")
        self._headers[METHOD] = method.decode("latin-1")
        self._waiting.append(Request(method, path, self._headers, body, last))

    def close_if_idle(self) -> None:
        """Close unless a request is served or on its way."""
        if self._serving is None and not self._waiting and not (self._partial and self._stage):
            self._transport.close()

    def _begin(self) -> None:
        self._url, self._headers, self._body = b"", {}, cast(list[bytes], [])
        self._headed, self._size, self._overhead = False, 0, 0

    def _go_on(self) -> None:
        """Serve the next one; while others wait nothing more is read."""
        if self._serving is None and self._waiting:
            self._serving = self._loop.create_task(self._serve(self._waiting.popleft()))
        if bool(self._waiting) == self._paused or self._transport.is_closing():
            return
        self._paused = not self._paused
        if self._paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    async def _serve(self, request: Request) -> None:
        status, headers, body = await self._server.answer(request)
        await self._writable.wait()
        self._serving = None
        refused = self._refused and not self._waiting
        last = request.last or refused or self._server.stopping
        self._write(status, headers, body, request.method == b"HEAD", last)
        if self._lost:
            self._server.forget(self)
        else:
            self._go_on()

    def _write(
        self, status: int, headers: dict[str, str], body: bytes, bodiless: bool, last: bool
    ) -> None:
        if self._transport.is_closing():
            return
        try:
            head = _head(status, headers, len(body), last)
        except ValueError:  # UnicodeEncodeError is one
            traceback.print_exc()
            status, body = 500, b"Internal Server Error\n"
            head = _head(status, TEXT, len(body), last)
        self._transport.write(head if bodiless or status in BODILESS else head + body)
        if last:
            self._waiting.clear()
            self._transport.close()

    def _time(self) -> None:
        """Time the head or the body that is due; nothing is due between requests."""
        if not self._partial or self._refused:
            self._forget_timer()
        elif self._timer is None or self._timed != self._stage:
            self._forget_timer()
            self._timed = self._stage
            self._timer = self._loop.call_later(self._limits.seconds, self._too_slow)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self._paused:  # it is we who do not read
            self._time()
        else:
            seconds = self._limits.seconds
            self._refuse(400, f"The request took longer than request_seconds={seconds:g}.")

    def _refuse(self, status: int, text: str) -> None:
        """Close: with this answer, or with the last one that is due before."""
        if self._refused:
            return
        self._refused = True
        self._forget_timer()
        if self._serving is None and not self._waiting:
            self._write(status, TEXT, f"{text}\n".encode(), False, True)


def _head(status: int, headers: dict[str, str], length: int, last: bool) -> bytes:
    """The answer's head; raises ValueError: a header cannot be written."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, '')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if status not in BODILESS:
        lines.append(f"content-length: {length}")
    if last:
        lines.append("connection: close")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1 or "\0" in head:
        raise ValueError(f"a line's end within the headers {headers!r:.200}")
    return f"{head}\r\n\r\n".encode("latin-1")
