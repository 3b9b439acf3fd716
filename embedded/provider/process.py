"""The process provider on its own port, in whatever process it lives."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.gateway.serving import listening
from faastraingym.embedded.gateway.settings import GatewaySettings
from faastraingym.embedded.provider.api import application
from faastraingym.embedded.provider.environment import Launch
from faastraingym.embedded.provider.provider import ProcessProvider


@asynccontextmanager
async def serving(
    settings: GatewaySettings, host: str, budget: Budget
) -> AsyncIterator[ProcessProvider]:
    """A provider on its port meanwhile; its replicas end with it."""
    launch = Launch(
        settings.root, settings.script, settings.overrides, os.environ, str(settings.home)
    )
    provider = ProcessProvider(settings.home, launch, budget)
    await provider.start()
    try:
        app = application(provider, settings.password(), settings.limits, budget)
        async with listening(app, host, settings.provider_port):
            yield provider
    finally:
        await provider.close()
