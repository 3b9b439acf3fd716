"""The exporter's reads of JetStream; it subscribes to nothing."""

import time
from typing import Any, NamedTuple

import msgspec

from faastraingym.adapters.nats.direct import read_all, read_first
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.adapters.nats.jetstream import Broker, StreamInfo
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
OF_EXPERIMENTS = ("experiment.*", "trial.*")
LIVES = ("run.*", "experiment.*")


class Marks(NamedTuple):
    """How far the log and the metering have been read."""

    facts: int
    usage: int


class NatsObserver:
    """The broker, as the role `exporter` may see it."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._log = NatsFactLog(broker)

    async def sizes(self) -> dict[str, StreamInfo]:
        """By stream."""
        return {stream.name: await self._broker.info(stream.name) for stream in STREAMS}

    async def lives(self, until: int) -> list[Recorded]:
        """Requests, resumptions and ends of every run, requests and ends of every experiment."""
        return await self._facts([*map(subjects.of_topic, LIVES)], until)

    async def facts(self, after: int, until: int) -> list[Recorded]:
        """The facts of a view that came after one number and not after another."""
        found = []
        for topic in (*TOPICS, *OF_EXPERIMENTS):
            found += await read_all(self._broker, FACTS.name, subjects.of_topic(topic), after)
        found.sort()  # an experiment is folded in the log's order
        return [Recorded(s.sequence, s.at, decode(s.data)) for s in found if s.sequence <= until]

    async def of_experiment(self, name: str, until: int) -> list[Recorded]:
        """All facts of an experiment."""
        return await self._facts(subjects.of_run(name), until)

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

    async def observe(self, sizes: dict[str, StreamInfo]) -> Observation:
        """How many messages wait, and for how long."""
        dead = (await self._broker.info(DEAD.name, subjects.DEAD_LETTERS)).state.subjects
        return Observation(
            now=time.time(),
            queues=await self._queues(),
            dead_letters={tuple(name.split(".")[1:]): number for name, number in dead.items()},
            streams={
                name: (info.state.messages, info.state.bytes, info.config.get("max_bytes", 0))
                for name, info in sizes.items()
            },
        )

    async def _facts(self, filters: list[str], until: int) -> list[Recorded]:
        return [fact for fact in await self._log.read(*filters) if fact.sequence <= until]

    async def _queues(self) -> list[Queue]:
        found = []
        for stream, prefix, source in SOURCES:
            for consumer in await self._consumers(stream):
                if consumer["name"].startswith(prefix):
                    name = consumer["name"].removeprefix(prefix)
                    waiting, unsettled = consumer["num_pending"], consumer["num_ack_pending"]
                    oldest = await self._oldest(stream, consumer) if waiting + unsettled else None
                    found.append(Queue(name, source, waiting, unsettled, oldest))
        return found

    async def _consumers(self, stream: Stream) -> list[Any]:
        """The stream's consumers, as JetStream describes them."""
        found: list[Any] = []
        while True:
            request = {"offset": len(found)}
            answer = await self._broker.api(f"CONSUMER.LIST.{stream.name}", request)
            page = msgspec.json.decode(answer)
            found += page.get("consumers") or []
            if len(found) >= page["total"] or not page.get("consumers"):
                return found

    async def _oldest(self, stream: Stream, consumer: Any) -> float | None:
        """When the first message came that is not settled."""
        config, floor = consumer["config"], consumer["ack_floor"]["stream_seq"]
        filters = config.get("filter_subjects") or [config["filter_subject"]]
        firsts = [await read_first(self._broker, stream.name, each, floor) for each in filters]
        return min((first.at for first in firsts if first), default=None)
