"""The broker behind /async-function, connected to when it is first needed."""

import asyncio
from pathlib import Path

from adapters.broker import Broker, connect
from adapters.nats_bus import NatsBus
from adapters.settings import Login
from embedded.errors import ProviderError


class LazyQueue:
    """Implements embedded.gateway.invoke.Queue."""

    def __init__(self, url: str, secrets: Path) -> None:
        self._url, self._secrets = url, secrets
        self._broker: Broker | None = None
        self._bus: NatsBus | None = None
        self._connecting = asyncio.Lock()

    async def enqueue(self, function: str, request: bytes, message_id: str) -> None:
        """Queue durably."""
        await (self._bus or await self._connect()).enqueue(function, request, message_id)

    async def close(self) -> None:
        """Disconnect."""
        if self._broker is not None:
            await self._broker.close()

    async def _connect(self) -> NatsBus:
        async with self._connecting:
            if self._bus is None:
                self._broker = await connect(self._url, self._login(), "gateway")
                self._bus = NatsBus(self._broker)
            return self._bus

    def _login(self) -> Login:
        try:
            user, _, password = (self._secrets / "ftg-nats").read_text().strip().partition(":")
        except FileNotFoundError as error:
            raise ProviderError(
                503, "The secret ftg-nats (user:password) is not there; create it.", retry_after=5
            ) from error
        return Login(user, password)
