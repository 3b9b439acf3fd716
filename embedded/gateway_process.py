"""The gateway's process; by default the process provider lives in it too, which saves a hop.

It prints `gateway ready` when it serves; SIGTERM stops it and every replica.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.nats.broker import Broker, connect
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.settings import login
from faastraingym.embedded.contract.auth import authorization
from faastraingym.embedded.contract.provider import Provider
from faastraingym.embedded.contract.serving import budget, listening, run, stopped, tls_context
from faastraingym.embedded.contract.settings import ServerSettings
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.gateway.app import application
from faastraingym.embedded.gateway.async_admission import async_admission
from faastraingym.embedded.gateway.upstream import HttpProvider
from faastraingym.embedded.provider_process import serving
from faastraingym.events.topology.roles import GATEWAY, nats_secret

READY = "gateway ready"


class _LazyQueue:
    """The broker behind /async-function, connected to when it is first needed."""

    def __init__(self, url: str, api: str, secrets: Path) -> None:
        self._url, self._api, self._secrets = url, api, secrets
        self._broker: Broker | None = None
        self._bus: NatsBus | None = None
        self._connecting = asyncio.Lock()

    async def enqueue(self, function: str, request: bytes, message_id: str) -> None:
        """Queue durably."""
        await (self._bus or await self._connect()).enqueue(function, request, message_id)

    async def enqueue_open(self, function: str, request: bytes, message_id: str) -> None:
        """Queue an unauthenticated invocation durably."""
        await (self._bus or await self._connect()).enqueue_open(function, request, message_id)

    async def close(self) -> None:
        """Disconnect."""
        if self._broker is not None:
            await self._broker.close()

    async def _connect(self) -> NatsBus:
        async with self._connecting:
            if self._bus is None:
                try:
                    known = login(self._secrets / nats_secret(GATEWAY), "user:password")
                except SettingsError as error:
                    text = f"The queue is away: {error}."
                    raise ProviderError(503, text, retry_after=5) from error
                self._broker = await connect(self._url, known, "gateway", self._api)
                self._bus = NatsBus(self._broker)
            return self._bus


async def serve(settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = stopped()
    async with AsyncExitStack() as stack:
        shared = budget(settings)
        provider: Provider
        if settings.provider_url:
            password = authorization(settings.password())
            upstream = HttpProvider(settings.provider_url, password, shared)
            provider = await stack.enter_async_context(upstream)
        else:
            own = serving(settings, "127.0.0.1", shared)
            provider = await stack.enter_async_context(own)
        urls = settings.overrides
        queue = _LazyQueue(urls["FTG_NATS_URL"], urls["FTG_NATS_API"], settings.home / "secrets")
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
