"""The process provider on its own port, in whatever process it lives."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from embedded.contract.budget import Budget
from embedded.gateway.serving import listening
from embedded.gateway.settings import GatewaySettings
from embedded.provider.api import application
from embedded.provider.environment import Launch
from embedded.provider.provider import ProcessProvider


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
