"""Opening a connection to NATS that mends itself for ever."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import TYPE_CHECKING, cast

from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.nats.attempts import ending_attempts
from faastraingym.adapters.nats.jetstream import API, Broker
from faastraingym.adapters.settings import Login

if TYPE_CHECKING:
    from nats.aio.client import Client

__all__ = ["Broker", "connect"]

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
RECONNECT_SECONDS = 0.1
REMEDY = "check FTG_NATS_URL and the secret ftg-nats-<role>"  # of a stage


async def connect(
    url: str,
    login: Login | None = None,
    name: str = "",
    api: str = API,
    *,
    remedy: str = REMEDY,
    awaits_login: bool = True,
) -> Broker:
    """Connect within 10 s.

    Args:
        url: of the server.
        login: as whom.
        name: of the connection.
        api: JetStream's prefix in our account.
        remedy: what a person should do who reads that it cannot be reached.
        awaits_login: try again where the server does not take the login, which it may know soon.

    Raises:
        Unavailable: we cannot.
    """
    client = client_type()()
    broker = Broker(client, url, api)
    seen: set[str] = set()
    limit = asyncio.timeout(CONNECT_SECONDS)

    async def on_error(error: Exception) -> None:
        # Without this nats-py tries for ever: we closed in mid-attempt, or its wait_for, which in
        # Python 3.11 keeps a cancellation that comes as it ends, kept that of our limit.
        if broker.is_closed or limit.expired():
            raise asyncio.CancelledError
        if not awaits_login and "authorization" in str(error).lower():
            limit.reschedule(asyncio.get_running_loop().time())
        if str(error) not in seen:  # every attempt to reconnect repeats it
            seen.add(str(error))
            logger.warning("NATS at %s: %s", url, error)

    async def on_reconnect() -> None:
        seen.clear()
        logger.info("NATS at %s: connected again", url)
        for tell in list(broker.reconnected):
            tell()

    try:
        async with limit:
            await client.connect(
                url,
                name=name or None,
                user=login.user if login else None,
                password=login.password if login else None,
                error_cb=on_error,
                disconnected_cb=broker.disconnected,
                reconnected_cb=on_reconnect,
                reconnect_time_wait=RECONNECT_SECONDS,
                max_reconnect_attempts=-1,
                connect_timeout=2,
                ping_interval=20,
                max_outstanding_pings=2,
            )
        if limit.expired():  # too late, and on_error would end its first attempt to reconnect
            raise TimeoutError
    except TimeoutError as error:
        told = [*filter(None, (str(client.last_error or ""), *seen)), "it does not answer as NATS"]
        await client.close()
        raise Unavailable(f"NATS at {url} cannot be reached: {told[0]}; {remedy}") from error
    return broker


def client_type() -> "type[Client]":
    """nats-py's client; it imports aiohttp, three times as long as itself, for ws:// alone."""
    sys.meta_path.insert(0, _LoadedOnUse)
    try:
        from nats.aio.client import Client
    finally:
        sys.meta_path.remove(_LoadedOnUse)
    return ending_attempts(cast("type[Client]", Client))


class _LoadedOnUse:
    """Finds aiohttp as Python does; its code runs when something of it is first used."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(name, path, target) if name == "aiohttp" else None
        if found is not None and found.loader is not None:
            found.loader = LazyLoader(found.loader)
        return found
