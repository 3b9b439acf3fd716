"""The CommandQueue port: a stage puts commands on the queue-worker's stream itself."""

from adapters.current import carried
from adapters.jetstream import Broker
from adapters.nats_bus import NatsBus
from events import queue_request
from events.commands import Invocation


class NatsCommandQueue:
    """Puts invocations on the queue-worker's stream, as OpenFaaS queue requests."""

    def __init__(self, broker: Broker) -> None:
        self._bus = NatsBus(broker)

    async def invoke(self, request: Invocation, body: bytes, signature: str) -> bool:
        """Returns when the invocation is queued durably; False when its work waits already.

        Raises:
            Unavailable: the broker is away or takes nothing new, or this login may not.
        """
        queued = queue_request.of_command(request, body, signature, carried(request.message.run))
        return await self._bus.enqueue(request.function, queued, request.call_id, request.work)
