"""A replica: serves one function's handler over HTTP until it is told to stop.

The handler module (environment variable `handler_module`, default `function.handler`) has
`async handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]`; names of
headers are lower-case, and among them `:path` is the request's path with its query, `:method` its
method. Connections are taken from the first moment: what comes before the handler has started waits
for it, `/_/ready` too.
`handle.start()` runs once before the first request, `handle.stop()` after the last. Other
variables: `FTG_LISTEN_FD` (a listening socket that was inherited), else `http_host` and `http_port`
(127.0.0.1:5000); `max_body_bytes` (16 MiB); `request_seconds` (30), in which a request's head must
have arrived, and then its body. SIGTERM drains, then exits with 0; of-watchdog sends it on at once
but takes requests for `healthcheck_interval` (0) more, in which we serve on.

Cold start is the price of scaling to zero: import nothing here that is not needed.
"""

import asyncio
import importlib
import os
import signal
import socket
import sys
from typing import Any

from http_server import Limits, Server

_ON_ITS_WAY = 1.0  # seconds: what of-watchdog took last is on its way to us


def listener(environment: Any) -> socket.socket:
    """The inherited socket, or a new one."""
    if "FTG_LISTEN_FD" in environment:
        return socket.socket(fileno=int(environment["FTG_LISTEN_FD"]))
    address = environment.get("http_host", "127.0.0.1"), int(environment.get("http_port", "5000"))
    return socket.create_server(address, backlog=1024)


def linger(environment: Any) -> float:
    """Seconds from SIGTERM until nothing new is taken: until no proxy before us sends."""
    if "FTG_LISTEN_FD" in environment:  # no proxy does
        return 0.0
    interval = seconds(environment.get("healthcheck_interval", "0"))
    return interval + _ON_ITS_WAY if interval else 0.0


def seconds(text: str) -> float:
    """The seconds of a duration as of-watchdog reads it: `5`, `5s`, `500ms`, `2m`; raises
    ValueError.
    """
    for unit, size in (("ms", 0.001), ("s", 1.0), ("m", 60.0)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * size
    return float(text)


async def main() -> None:
    """Start the handler, serve, drain, stop the handler."""
    settings = os.environ
    listening = listener(settings)  # before the imports, which take longest
    module = importlib.import_module(settings.get("handler_module", "function.handler"))
    handle: Any = module.handle
    if hasattr(handle, "start"):
        await handle.start()
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, loop.call_later, linger(settings), stop.set)
    limits = Limits(
        body_bytes=int(settings.get("max_body_bytes", str(16 << 20))),
        seconds=float(settings.get("request_seconds", "30")),
    )
    try:
        await Server(handle, limits).serve(listening, stop)
    finally:
        if hasattr(handle, "stop"):
            await handle.stop()


def run() -> None:
    """Run on uvloop where there is one."""
    # Before it serves: an orderly end, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())


if __name__ == "__main__":
    run()
