"""The broker behind /async-function, connected to when it is first needed."""

import asyncio
from pathlib import Path

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.nats.broker import Broker, connect
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.settings import login
from faastraingym.embedded.errors import ProviderError
from faastraingym.events.topology.roles import GATEWAY, nats_secret


class LazyQueue:
    """Implements faastraingym.embedded.gateway.invoke.Queue."""

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
