"""A replica: serves one function's handler over HTTP until it is told to stop.

The handler module (environment variable `handler_module`, default `function.handler`) has
`async handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]`; names of
headers are lower-case. `handle.start()` runs once before the first request, `handle.stop()` after
the last. Other variables: `FTG_LISTEN_FD` (a listening socket that was inherited), else `http_host`
and `http_port` (127.0.0.1:5000); `max_body_bytes` (16 MiB). SIGTERM drains, then exits with 0.

Cold start is the price of scaling to zero: import nothing here that is not needed.
"""

import asyncio
import importlib
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

Handle = Callable[[bytes, dict[str, str]], Awaitable[tuple[int, dict[str, str], bytes]]]
HEALTH_PATHS = ("/_/health", "/_/ready")  # nothing is served before `start` has returned
KEEP_ALIVE = 24 * 3600  # seconds: it is the proxy that lets go of idle connections
TEXT = {"content-type": "text/plain; charset=utf-8"}


def application(handle: Handle, max_body_bytes: int) -> Any:
    """The ASGI application around a handler."""

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] in HEALTH_PATHS:
            await answer(send, 200, TEXT, b"OK")
            return
        body = await read(receive, max_body_bytes)
        if body is None:
            text = f"The body is larger than max_body_bytes={max_body_bytes}.\n"
            await answer(send, 413, TEXT | {"connection": "close"}, text.encode())
            return
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        await answer(send, *await handle(body, headers))

    return serve


async def read(receive: Any, limit: int) -> bytes | None:
    """The whole body, or None as soon as it is over the limit."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):  # one chunk, the usual case
        return body if len(body) <= limit else None
    chunks, size = [body], len(body)
    while message.get("more_body") and size <= limit:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    return b"".join(chunks) if size <= limit else None


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
        http="httptools",
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
