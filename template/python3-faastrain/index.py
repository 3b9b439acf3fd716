"""A replica: serves one function's handler over HTTP until it is told to stop.

The handler module (environment variable `handler_module`, default `function.handler`) has
`async handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]`; names of
headers are lower-case. `handle.start()` runs once before the first request, `handle.stop()` after
the last. Other variables: `FTG_LISTEN_FD` (a listening socket that was inherited), else `http_host`
and `http_port` (127.0.0.1:5000); `max_body_bytes` (16 MiB); `request_seconds` (30), in which a
request's head must have arrived, and then its body. SIGTERM drains, then exits with 0.

Cold start is the price of scaling to zero: import nothing here that is not needed.
"""

import asyncio
import functools
import importlib
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Handle = Callable[[bytes, dict[str, str]], Awaitable[tuple[int, dict[str, str], bytes]]]
HEALTH_PATHS = ("/_/health", "/_/ready")  # nothing is served before `start` has returned
KEEP_ALIVE = 24 * 3600  # seconds: it is the proxy that lets go of idle connections
MAX_HEAD_BYTES = 1 << 20  # of a request's line, headers, trailers and marks of chunks
TEXT = {"content-type": "text/plain; charset=utf-8"}


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's, which itself waits for ever and takes headers without end."""

    def __init__(self, *args: Any, seconds: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._overhead = 0  # bytes of this request that are not its body

    def connection_made(self, transport: Any) -> None:
        """A connection opens: its first request is due."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Bytes arrive; too many of them without being a body end the connection."""
        self._overhead += len(data)
        super().data_received(data)
        if self._overhead > MAX_HEAD_BYTES:
            self._refuse("Headers or chunks are too large.")

    def on_message_begin(self) -> None:
        """A request begins: its head is due."""
        super().on_message_begin()
        self._overhead = 0
        self._expect()

    def on_headers_complete(self) -> None:
        """The head is there: the body is due."""
        super().on_headers_complete()
        self._expect()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._overhead -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        self._forget()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._forget()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._forget()
        self._timer = self.loop.call_later(self._seconds, self._too_slow)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if self.flow.read_paused:  # it is we who do not read
            self._expect()
        else:
            self._refuse(f"The request took longer than request_seconds={self._seconds:g}.")

    def _refuse(self, text: str) -> None:
        self._forget()
        if not self.transport.is_closing():
            self.send_400_response(text)


class Disconnected(Exception):  # noqa: N818  the condition's own name
    """The client is gone before its body was there."""


def application(handle: Handle, max_body_bytes: int) -> Any:
    """The ASGI application around a handler."""

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] in HEALTH_PATHS:
            await answer(send, 200, TEXT, b"OK")
            return
        try:
            body = await read(receive, max_body_bytes)
        except Disconnected:
            return  # half a body must not pass for one
        if body is None:
            text = f"The body is larger than max_body_bytes={max_body_bytes}.\n"
            await answer(send, 413, TEXT | {"connection": "close"}, text.encode())
            return
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        await answer(send, *await handle(body, headers))

    return serve


async def read(receive: Any, limit: int) -> bytes | None:
    """The whole body, or None as soon as it is over the limit.

    Raises:
        Disconnected: it will never be whole.
    """
    chunks: list[bytes] = []
    size, more = 0, True
    while more and size <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        more = message.get("more_body", False)
    if size > limit:
        return None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def answer(send: Any, status: int, headers: dict[str, str], body: bytes) -> None:
    """Send a whole response."""
    pairs = [(name.lower().encode("latin-1"), v.encode("latin-1")) for name, v in headers.items()]
    pairs.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


def listener(environment: Any) -> socket.socket:
    """The inherited socket, or a new one."""
    if "FTG_LISTEN_FD" in environment:
        return socket.socket(fileno=int(environment["FTG_LISTEN_FD"]))
    address = environment.get("http_host", "127.0.0.1"), int(environment.get("http_port", "5000"))
    return socket.create_server(address, backlog=1024)


async def main() -> None:
    """Start the handler, serve, drain, stop the handler."""
    settings = os.environ
    module = importlib.import_module(settings.get("handler_module", "function.handler"))
    handle: Any = module.handle
    if hasattr(handle, "start"):
        await handle.start()
    config = uvicorn.Config(
        application(handle, int(settings.get("max_body_bytes", str(16 << 20)))),
        http=functools.partial(  # type: ignore[arg-type]  uvicorn only calls it
            BoundedProtocol, seconds=float(settings.get("request_seconds", "30"))
        ),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE,
        server_header=False,
    )
    try:
        await uvicorn.Server(config).serve(sockets=[listener(settings)])
    finally:
        if hasattr(handle, "stop"):
            await handle.stop()


def run() -> None:
    """Run on uvloop where there is one."""
    # Before and after it serves, uvicorn leaves SIGTERM to us: an orderly end either way.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())


if __name__ == "__main__":
    run()
