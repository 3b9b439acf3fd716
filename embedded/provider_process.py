"""The process provider's process, alone: any gateway of OpenFaaS's may stand before it.

A gateway takes its address as `functions_provider_url`, which ends in `/`. It prints `provider
ready` when it serves; SIGTERM stops it and every replica.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.contract.serving import budget, listening, run, stopped
from faastraingym.embedded.contract.settings import ServerSettings
from faastraingym.embedded.provider.api import application
from faastraingym.embedded.provider.environment import Launch
from faastraingym.embedded.provider.provider import ProcessProvider

READY = "provider ready"


@asynccontextmanager
async def serving(
    settings: ServerSettings, host: str, shared: Budget
) -> AsyncIterator[ProcessProvider]:
    """A provider on its port meanwhile, in any process; its replicas end with it."""
    launch = Launch(settings.home, settings.root, settings.overrides, os.environ)
    provider = ProcessProvider(launch, shared)
    await provider.start()
    try:
        app = application(provider, settings.password(), settings.limits, shared)
        async with listening(app, host, settings.provider_port):
            yield provider
    finally:
        await provider.close()


async def serve(settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = stopped()
    async with serving(settings, settings.host, budget(settings)):
        print(READY, flush=True)
        await stop.wait()


if __name__ == "__main__":
    run("provider", serve)
