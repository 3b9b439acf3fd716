"""How much the broker's streams hold."""

from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec import Struct

from faastraingym.events.topology.streams import STREAMS

if TYPE_CHECKING:
    from faastraingym.adapters.nats.broker import Broker


class StreamSize(Struct, frozen=True, kw_only=True):
    """One stream."""

    messages: int
    bytes: int


class Streams(Protocol):
    """The broker's streams."""

    async def sizes(self) -> dict[str, StreamSize]:
        """By name, in the order of events/topology/streams.py."""


class _Info(Struct):
    state: StreamSize


class JetStreamStreams:
    """Streams of a NATS server."""

    def __init__(self, broker: "Broker") -> None:
        self._broker = broker

    async def sizes(self) -> dict[str, StreamSize]:
        """By name, in the order of events/topology/streams.py."""
        found = {}
        for stream in STREAMS:
            answer = await self._broker.api(f"STREAM.INFO.{stream.name}")
            found[stream.name] = msgspec.json.decode(answer, type=_Info).state
        return found
