"""The gateway's process; by default the process provider lives in it too.

One event loop for both saves an invocation a second HTTP hop. Prints `gateway ready` when it
serves; SIGTERM stops it and every replica.
"""

import asyncio
import os
import resource
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import cast

from aiohttp import web

from embedded.contract import http
from embedded.contract.auth import authorization
from embedded.contract.provider import Provider
from embedded.errors import StackError
from embedded.gateway.app import application
from embedded.gateway.invoke import INVOCATIONS
from embedded.gateway.lane import Lanes
from embedded.gateway.queue import LazyQueue
from embedded.gateway.settings import GatewaySettings, read
from embedded.gateway.upstream import HttpProvider
from embedded.provider.api import application as provider_application
from embedded.provider.environment import Launch
from embedded.provider.provider import ProcessProvider

READY = "gateway ready"


async def serve(settings: GatewaySettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        password = settings.password_file.read_text().strip()
        provider = await stack.enter_async_context(_provider(settings, password))
        urls = settings.overrides
        queue = LazyQueue(urls["FTG_NATS_URL"], urls["FTG_NATS_API"], settings.home / "secrets")
        stack.push_async_callback(queue.close)
        app = application(provider, queue, password, settings.limits)
        await stack.enter_async_context(
            listening(
                app, settings.host, settings.port, tls_context(settings.certificate, settings.key)
            )
        )
        print(READY, flush=True)
        await stop.wait()


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Serve an application meanwhile.

    Raises:
        StackError: the port is taken.
    """
    runner = http.runner(app)
    await runner.setup()
    handlers = cast(Callable[[], asyncio.Protocol], runner.server)  # there is one after `setup`
    lanes = _lanes(app, handlers)
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lanes or handlers, host, port, backlog=1024, ssl=tls)
    except OSError as error:
        await runner.cleanup()
        raise StackError(f"Port {port} on {host} is taken; choose another one.") from error
    try:
        yield
    finally:
        server.close()
        if lanes:
            await lanes.close(http.SHUTDOWN_SECONDS)
        await runner.cleanup()


def _lanes(app: web.Application, other: Callable[[], asyncio.Protocol]) -> Lanes | None:
    """The short way to functions, where the application has them."""
    if INVOCATIONS not in app:
        return None
    limits = app[http.LIMITS]
    return Lanes(app[INVOCATIONS], other, limits.body_bytes, limits.idle_seconds)


def tls_context(certificate: str, key: str) -> ssl.SSLContext | None:
    """What the gateway shows its clients; None: it speaks without TLS.

    Raises:
        StackError: the files are no certificate and its key.
    """
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


@asynccontextmanager
async def _provider(settings: GatewaySettings, password: str) -> AsyncIterator[Provider]:
    if settings.provider_url:
        async with HttpProvider(settings.provider_url, authorization(password)) as upstream:
            yield upstream
        return
    launch = Launch(
        settings.root, settings.script, settings.overrides, os.environ, str(settings.home)
    )
    provider = ProcessProvider(settings.home, launch)
    await provider.start()
    try:
        app = provider_application(provider, password, settings.limits)
        async with listening(app, "127.0.0.1", settings.provider_port):
            yield provider
    finally:
        await provider.close()


def main() -> None:
    """Run on uvloop where there is one, with many open files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if most == resource.RLIM_INFINITY else min(most, 65536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    try:
        import uvloop
    except ImportError:
        run = asyncio.run
    else:
        run = uvloop.run
    try:
        run(serve(read(os.environ)))
    except StackError as error:
        sys.exit(f"gateway: {error}")


if __name__ == "__main__":
    main()
