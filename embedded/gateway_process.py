"""The gateway's process; by default the process provider lives in it too, which saves a hop.

It prints `gateway ready` when it serves; SIGTERM stops it and every replica.
"""

from contextlib import AsyncExitStack

from faastraingym.embedded.contract.auth import authorization
from faastraingym.embedded.contract.provider import Provider
from faastraingym.embedded.contract.serving import budget, listening, run, stopped, tls_context
from faastraingym.embedded.contract.settings import ServerSettings
from faastraingym.embedded.gateway.app import application
from faastraingym.embedded.gateway.async_admission import async_admission
from faastraingym.embedded.gateway.queue import LazyQueue
from faastraingym.embedded.gateway.upstream import HttpProvider
from faastraingym.embedded.provider_process import serving

READY = "gateway ready"


async def serve(settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = stopped()
    async with AsyncExitStack() as stack:
        shared = budget(settings)
        provider: Provider
        if settings.provider_url:
            login = authorization(settings.password())
            upstream = HttpProvider(settings.provider_url, login, shared)
            provider = await stack.enter_async_context(upstream)
        else:
            own = serving(settings, "127.0.0.1", shared)
            provider = await stack.enter_async_context(own)
        urls = settings.overrides
        queue = LazyQueue(urls["FTG_NATS_URL"], urls["FTG_NATS_API"], settings.home / "secrets")
        stack.push_async_callback(queue.close)
        app = application(
            provider, queue, settings.password(), settings.limits, async_admission(settings), shared
        )
        tls = tls_context(settings.certificate, settings.key)
        await stack.enter_async_context(listening(app, settings.host, settings.port, tls))
        print(READY, flush=True)
        await stop.wait()


if __name__ == "__main__":
    run("gateway", serve)
