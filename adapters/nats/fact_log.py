"""The FactLog port on JetStream."""

from collections.abc import AsyncIterator
from uuid import uuid4

from faastraingym.adapters.nats.direct import read_all, read_last
from faastraingym.adapters.nats.jetstream import Broker
from faastraingym.adapters.nats.pull import NANOSECONDS, PullConsumer
from faastraingym.adapters.stage.current import carried
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Recorded
from faastraingym.events.telemetry.tracing import HEADER
from faastraingym.events.topology.streams import FACTS, USAGE
from faastraingym.schemas.messages import InvocationCompleted, Message, decode, encode

FOLLOWED_AT_ONCE = 256


class NatsFactLog:
    """Facts in the stream FTG_FACTS, metering in FTG_USAGE."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def publish_once(self, fact: Message) -> bool:
        """Publish once; False when the subject has a message already. Returns after the ack."""
        headers = {HEADER: carried(fact.run)}
        return await self._broker.publish_once(subjects.of(fact), encode(fact), headers)

    async def count(self, subject_filter: str) -> int:
        """How many facts lie under a filter, as the stream's leader knows it."""
        counted = 0
        while True:
            info = await self._broker.info(FACTS.name, subject_filter, counted)
            counted += len(info.state.subjects)  # a fact is alone under its subject
            if counted >= info.total or not info.state.subjects:
                return counted

    async def read(self, *subject_filters: str) -> list[Recorded]:
        """The facts under the filters, in the log's order."""
        stored = await read_last(self._broker, FACTS.name, list(subject_filters))
        return [Recorded(item.sequence, item.at, decode(item.data)) for item in stored]

    async def follow(self, *subject_filters: str) -> AsyncIterator[Recorded]:
        """The facts under the filters, future ones too, in order; anew if the broker lost some."""
        sequence = 0
        while True:
            last = (await self._broker.info(FACTS.name)).state.last_seq if sequence else 0
            start = sequence + 1 if sequence <= last else 1
            consumer = await self._follower(subject_filters, start)
            try:
                async for fact in _in_order(consumer):
                    sequence = fact.sequence
                    yield fact
            finally:
                await consumer.close()

    async def meter(self, usage: InvocationCompleted) -> None:
        """Record an invocation's cost; does not wait for the ack."""
        await self._broker.publish(subjects.of_run_usage(usage.run, usage.function), encode(usage))

    async def usage(
        self, run: str, function: str = "*", since: float = 0.0
    ) -> list[InvocationCompleted]:
        """The costs of a run's invocations: of one function, metered since a time, or all."""
        pattern = subjects.of_run_usage(run, function)
        stored = await read_all(self._broker, USAGE.name, pattern, since=since)
        return [decode(item.data) for item in stored]

    async def _follower(self, filters: tuple[str, ...], start: int) -> PullConsumer:
        config = {
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": start,
            "ack_policy": "none",
            "filter_subjects": list(filters),
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": 60 * NANOSECONDS,
        }
        name = f"follow-{uuid4().hex}"
        return await PullConsumer(self._broker, FACTS.name, name, config).open()


async def _in_order(consumer: PullConsumer) -> AsyncIterator[Recorded]:
    """The facts from an ephemeral consumer, until it is lost or has missed a message."""
    delivered = 0
    while not consumer.lost:
        for delivery in await consumer.next(FOLLOWED_AT_ONCE):
            delivered += 1
            at = delivery.position
            if at.consumer_sequence != delivered:
                return
            yield Recorded(at.sequence, at.at, decode(delivery.data))
