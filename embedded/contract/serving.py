"""A server's process: its stop signal, its port, its certificate, its event loop."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol, cast

import uvloop
from aiohttp import web

from faastraingym.embedded import open_files
from faastraingym.embedded.contract import http
from faastraingym.embedded.contract.budget import CONNECTIONS, DESCRIPTORS, Budget
from faastraingym.embedded.contract.connections import acceptor, bound_buffers
from faastraingym.embedded.contract.settings import ServerSettings, read
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.files import private_folder

Connect = Callable[[], asyncio.Protocol]  # makes the protocol of a new connection


class _Front(Protocol):
    """Serves connections before aiohttp does, and hands over those that it cannot serve."""

    def __call__(self) -> asyncio.Protocol: ...

    async def close(self, seconds: float) -> None: ...


FRONT: web.AppKey[Callable[[web.Application, Connect], _Front]] = web.AppKey("front")


def stopped() -> asyncio.Event:
    """Set at SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def budget(settings: ServerSettings) -> Budget:
    """The budget of this process's connections; files lie in the home, not in memory (tmpfs)."""
    folder = private_folder(settings.home / "run" / "bodies")
    return Budget(folder, connections=min(CONNECTIONS, open_files.allowed() // DESCRIPTORS))


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Serve an application meanwhile; raises StackError: the port is taken."""
    runner = http.runner(app)
    await runner.setup()
    # There is a server after `setup`.
    handlers = partial(http.connection, app, cast(web.Server, runner.server))
    front = app[FRONT](app, handlers) if FRONT in app else None
    accept = acceptor(front or handlers, app[http.BUDGET])
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(accept, host, port, backlog=1024, ssl=tls)
        bound_buffers(server)
    except OSError as error:
        await runner.cleanup()
        raise StackError(f"Port {port} on {host} is taken; choose another one.") from error
    try:
        yield
    finally:
        server.close()
        if front:
            await front.close(http.SHUTDOWN_SECONDS)
        await runner.cleanup()


def tls_context(certificate: str, key: str) -> ssl.SSLContext | None:
    """The gateway's certificate, if it has one; raises StackError: the files are none."""
    if not certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        raise StackError(
            f"{certificate} and {key} are no certificate and its key: {error}"
        ) from error
    return context


def run(name: str, serve: Callable[[ServerSettings], Coroutine[Any, Any, None]]) -> None:
    """Serve by the environment's settings, on uvloop, with as many open files as allowed."""
    open_files.use_all()
    try:
        uvloop.run(serve(read(os.environ)))
    except StackError as error:
        sys.exit(f"{name}: {error}")
