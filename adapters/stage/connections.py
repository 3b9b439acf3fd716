"""A replica's connections between invocations: one to the broker, one to the store."""

from typing import NamedTuple

from faastraingym.adapters.nats import broker
from faastraingym.adapters.nats.broker import Broker
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.adapters.s3.cache import CachedObjects
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.adapters.settings import Settings
from faastraingym.events.ports import Services


class Connections(NamedTuple):
    """The services that handlers get, and those that only the wrapper uses."""

    services: Services
    commands: NatsBus
    broker: Broker
    objects: S3ObjectStore

    async def close(self) -> None:
        """Send what is pending and let go."""
        await self.broker.close()
        await self.objects.close()


async def connect(settings: Settings) -> Connections:
    """Connect as a function; Unavailable: the broker does not answer (the store is not asked)."""
    connection = await broker.connect(
        settings.nats_url, settings.nats, settings.replica, settings.nats_api
    )
    objects = S3ObjectStore(settings.s3_url, settings.bucket, settings.s3)
    return Connections(
        services=Services(NatsFactLog(connection), CachedObjects(objects), objects),
        commands=NatsBus(connection),
        broker=connection,
        objects=objects,
    )
