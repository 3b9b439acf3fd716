"""The Bus port on JetStream: one durable pull consumer per function and source."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from faastraingym.adapters.nats.jetstream import Broker
from faastraingym.adapters.nats.pull import NANOSECONDS, PullConsumer, position
from faastraingym.events.delivery.requests import MESSAGE_ID
from faastraingym.events.pipeline import subjects
from faastraingym.events.topology.streams import ASYNC, FACTS, OPEN, Stream

if TYPE_CHECKING:
    from nats.aio.msg import Msg

# How long a message of a killed queue-worker, or one that a cut connection swallowed, stands still.
ACK_WAIT_SECONDS = 4
MAX_ACK_PENDING = 10_000


class NatsDelivery:
    """The Delivery port. Settling does not wait: a lost settlement is one more delivery."""

    def __init__(self, broker: Broker, message: "Msg") -> None:
        self._broker = broker
        self._reply = message.reply
        self.subject = message.subject
        self.data = bytes(message.data)
        at = position(message.reply)
        # The time too: sequences begin anew in a stream that was lost.
        self.message_id = f"{message.subject}:{at.sequence}:{at.at}"
        self.attempt = at.attempt
        self.queued_at = at.at
        self.headers: Mapping[str, str] = message.headers or {}

    async def ack(self) -> None:
        """Settle: never deliver again."""
        await self._broker.publish(self._reply, b"+ACK")

    async def retry(self, delay: float) -> None:
        """Settle: deliver again after `delay` seconds."""
        after = msgspec.json.encode({"delay": max(1, int(delay * NANOSECONDS))})
        await self._broker.publish(self._reply, b"-NAK " + after)

    async def extend(self) -> None:
        """Begin the ack wait anew."""
        await self._broker.publish(self._reply, b"+WPI")


class NatsSubscription:
    """The Subscription port."""

    def __init__(self, broker: Broker, consumer: PullConsumer) -> None:
        self._broker = broker
        self._consumer = consumer

    @property
    def asked(self) -> int:
        """How many messages the broker may yet send of those that were asked for."""
        return self._consumer.asked

    async def next(self, limit: int) -> Sequence[NatsDelivery]:
        """1 to `limit` messages as soon as there is one; empty after 10 quiet seconds."""
        messages = await self._consumer.next(limit)
        return [NatsDelivery(self._broker, message) for message in messages]

    async def close(self) -> None:
        """Stop listening; the durable subscription itself stays."""
        await self._consumer.close()


class NatsBus:
    """The Bus port."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def facts_for(self, function: str, topics: Sequence[str]) -> NatsSubscription:
        """The facts of these topics, once per function; other topics than before are adopted."""
        filters = [subjects.of_topic(topic) for topic in dict.fromkeys(topics)]
        return await self._durable(FACTS, f"fact-{function}", filters)

    async def commands_for(self, function: str) -> NatsSubscription:
        """The function's asynchronous invocations, as OpenFaaS queue requests (JSON)."""
        filters = [subjects.of_command(function), subjects.of_old_command(function)]
        return await self._durable(ASYNC, f"cmd-{function}", filters)

    async def open_for(self, function: str) -> NatsSubscription:
        """The same, for unauthenticated ones."""
        return await self._durable(OPEN, f"open-{function}", [subjects.of_open_command(function)])

    async def starts_for(self, function: str) -> NatsSubscription:
        """Outside messages that start runs, each for one function alone."""
        return await self._durable(ASYNC, f"start-{function}", [subjects.STARTS])

    async def enqueue(self, function: str, request: bytes, message_id: str, work: str = "") -> bool:
        """Queue an asynchronous invocation durably; a repeated message id is dropped.

        The stream drops a message when it is settled: until then the broker itself refuses
        a second message for the same work, as it refuses a second fact.
        """
        subject = subjects.of_command(function, work or message_id)
        headers = {MESSAGE_ID: message_id}
        return await self._broker.publish_once(subject, request, headers, told="command")

    async def enqueue_open(self, function: str, request: bytes, message_id: str) -> None:
        """The same, for an unauthenticated one; the broker itself enforces the quota."""
        headers = {MESSAGE_ID: message_id}
        await self._broker.request(subjects.of_open_command(function), request, headers)

    async def give_up(self, function: str, record: bytes, kind: str = "") -> None:
        """Write a dead letter; returns after the ack."""
        await self._broker.request(subjects.of_dead_letter(function, kind), record)

    async def _durable(self, stream: Stream, name: str, filters: list[str]) -> NatsSubscription:
        config: dict[str, Any] = {
            "durable_name": name,
            "filter_subjects": filters,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": ACK_WAIT_SECONDS * NANOSECONDS,
            "max_deliver": -1,
            "max_ack_pending": MAX_ACK_PENDING,
        }
        consumer = PullConsumer(self._broker, stream.name, name, config)
        await consumer.open()
        return NatsSubscription(self._broker, consumer)
