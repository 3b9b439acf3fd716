"""The exporter's reads of JetStream: new messages of the log and the metering, and backlogs.

It subscribes to nothing: each call reads the messages since the call before.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from faastraingym.adapters.nats.direct import read_all, read_first, read_last
from faastraingym.adapters.nats.jetstream import Broker
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Recorded
from faastraingym.events.telemetry.metrics import Observation, Queue, Source
from faastraingym.events.topology.streams import ASYNC, DEAD, FACTS, OPEN, STREAMS, USAGE, Stream
from faastraingym.events.views.run import TOPICS
from faastraingym.schemas.messages import InvocationCompleted, decode

SOURCES: tuple[tuple[Stream, str, Source], ...] = (
    (FACTS, "fact-", "fact"),  # the durable consumers of adapters/nats/bus.py
    (ASYNC, "cmd-", "command"),
    (ASYNC, "start-", "start"),
    (OPEN, "open-", "open"),
)


class Size(Struct):
    """A stream's size, and the number of its last message."""

    messages: int = 0
    bytes: int = 0
    last_seq: int = 0
    subjects: dict[str, int] = {}
    max_bytes: int = 0  # that it may hold


class _Bounds(Struct):
    max_bytes: int = 0


class _Stream(Struct):
    state: Size
    config: _Bounds


class _Floor(Struct):
    stream_seq: int = 0


class _Config(Struct):
    filter_subject: str = ""
    filter_subjects: list[str] = []


class _Consumer(Struct):
    name: str
    config: _Config
    ack_floor: _Floor
    num_pending: int = 0
    num_ack_pending: int = 0


class _Consumers(Struct):
    consumers: list[_Consumer] | None = None
    total: int = 0


class Marks(NamedTuple):
    """How far the log and the metering have been read."""

    facts: int
    usage: int


class NatsObserver:
    """The broker, as the role `exporter` may see it."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def sizes(self) -> dict[str, Size]:
        """By stream."""
        return {stream.name: await self._size(stream) for stream in STREAMS}

    async def lives(self, until: int) -> list[Recorded]:
        """Every run's requests, resumptions and ends."""
        return await self._facts([subjects.of_topic("run.*")], until)

    async def facts(self, after: int, until: int) -> list[Recorded]:
        """The facts of a view that came after one number and not after another."""
        found = []
        for topic in TOPICS:
            found += await read_all(self._broker, FACTS.name, subjects.of_topic(topic), after)
        return [Recorded(s.sequence, s.at, decode(s.data)) for s in found if s.sequence <= until]

    async def of_run(self, run: str, until: int) -> list[Recorded]:
        """A run's facts of a view."""
        filters = [
            f"{subjects.ROOT}.{topic}.{run}{rest}" for topic in TOPICS for rest in ("", ".>")
        ]
        return await self._facts(filters, until)

    async def usage(
        self, after: int, until: int, pattern: str = USAGE.subjects[0]
    ) -> list[InvocationCompleted]:
        """The cost of invocations that ended after one number and not after another."""
        found = await read_all(self._broker, USAGE.name, pattern, after)
        return [decode(item.data) for item in found if item.sequence <= until]

    async def observe(self, sizes: dict[str, Size]) -> Observation:
        """How many messages wait, and for how long."""
        dead = await self._size(DEAD, subjects.DEAD_LETTERS)
        return Observation(
            now=time.time(),
            queues=await self._queues(),
            dead_letters={tuple(name.split(".")[1:]): n for name, n in dead.subjects.items()},
            streams={
                name: (size.messages, size.bytes, size.max_bytes) for name, size in sizes.items()
            },
        )

    async def _facts(self, filters: list[str], until: int) -> list[Recorded]:
        stored = await read_last(self._broker, FACTS.name, filters)
        return [Recorded(s.sequence, s.at, decode(s.data)) for s in stored if s.sequence <= until]

    async def _size(self, stream: Stream, pattern: str = "") -> Size:
        request = {"subjects_filter": pattern} if pattern else None
        answer = await self._broker.api(f"STREAM.INFO.{stream.name}", request)
        found = msgspec.json.decode(answer, type=_Stream)
        return replace(found.state, max_bytes=found.config.max_bytes)

    async def _queues(self) -> list[Queue]:
        found = []
        for stream, prefix, source in SOURCES:
            for one in await self._consumers(stream):
                if one.name.startswith(prefix):
                    name = one.name.removeprefix(prefix)
                    oldest = await self._oldest(stream, one)
                    found.append(Queue(name, source, one.num_pending, one.num_ack_pending, oldest))
        return found

    async def _consumers(self, stream: Stream) -> Sequence[_Consumer]:
        found: list[_Consumer] = []
        while True:
            request = {"offset": len(found)}
            answer = await self._broker.api(f"CONSUMER.LIST.{stream.name}", request)
            page = msgspec.json.decode(answer, type=_Consumers)
            found += page.consumers or []
            if len(found) >= page.total or not page.consumers:
                return found

    async def _oldest(self, stream: Stream, consumer: _Consumer) -> float | None:
        """When the first message came that is not settled."""
        if not consumer.num_pending + consumer.num_ack_pending:
            return None
        filters = consumer.config.filter_subjects or [consumer.config.filter_subject]
        floor = consumer.ack_floor.stream_seq
        firsts = [await read_first(self._broker, stream.name, f, floor) for f in filters if f]
        return min((first.at for first in firsts if first), default=None)
