"""The Bus port on JetStream: one durable pull consumer per function and source."""

from collections.abc import Sequence
from typing import Any

from faastraingym.adapters.nats.jetstream import Broker
from faastraingym.adapters.nats.pull import NANOSECONDS, PullConsumer
from faastraingym.adapters.stage.current import carried
from faastraingym.events.delivery import queue_request
from faastraingym.events.delivery.requests import MESSAGE_ID
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.topology.streams import ASYNC, FACTS, OPEN, Stream

# How long a message of a killed queue-worker, or one that a cut connection swallowed, stands still.
ACK_WAIT_SECONDS = 4
MAX_ACK_PENDING = 10_000


class NatsBus:
    """The Bus port, and the CommandQueue port: stages queue their commands themselves."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def facts_for(self, function: str, topics: Sequence[str]) -> PullConsumer:
        """The facts of these topics, once per function; other topics than before are adopted."""
        filters = [subjects.of_topic(topic) for topic in dict.fromkeys(topics)]
        return await self._durable(FACTS, f"fact-{function}", filters)

    async def commands_for(self, function: str) -> PullConsumer:
        """The function's asynchronous invocations, as OpenFaaS queue requests (JSON)."""
        filters = [subjects.of_command(function), subjects.of_old_command(function)]
        return await self._durable(ASYNC, f"cmd-{function}", filters)

    async def open_for(self, function: str) -> PullConsumer:
        """The same, for unauthenticated ones."""
        return await self._durable(OPEN, f"open-{function}", [subjects.of_open_command(function)])

    async def starts_for(self, function: str) -> PullConsumer:
        """Outside messages that start runs, each for one function alone."""
        return await self._durable(ASYNC, f"start-{function}", [subjects.STARTS])

    async def enqueue(self, function: str, request: bytes, message_id: str, work: str = "") -> bool:
        """Queue an invocation durably; False: the same one, or one for this work, waits already."""
        subject = subjects.of_command(function, work or message_id)
        headers = {MESSAGE_ID: message_id}
        return await self._broker.publish_once(subject, request, headers, kind="command")

    async def invoke(self, request: Invocation, body: bytes, signature: str) -> bool:
        """Returns when the invocation is queued durably; False when its work waits already."""
        queued = queue_request.of_command(request, body, signature, carried(request.message.run))
        return await self.enqueue(request.function, queued, request.call_id, request.work)

    async def enqueue_open(self, function: str, request: bytes, message_id: str) -> None:
        """The same, for an unauthenticated one; the broker itself enforces the quota."""
        headers = {MESSAGE_ID: message_id}
        await self._broker.request(subjects.of_open_command(function), request, headers)

    async def give_up(self, function: str, record: bytes, kind: str = "") -> None:
        """Write a dead letter; returns after the ack."""
        await self._broker.request(subjects.of_dead_letter(function, kind), record)

    async def _durable(self, stream: Stream, name: str, filters: list[str]) -> PullConsumer:
        config: dict[str, Any] = {
            "durable_name": name,
            "filter_subjects": filters,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": ACK_WAIT_SECONDS * NANOSECONDS,
            "max_deliver": -1,
            "max_ack_pending": MAX_ACK_PENDING,
        }
        return await PullConsumer(self._broker, stream.name, name, config).open()
