"""The CommandQueue port: a stage puts commands on the queue-worker's stream itself."""

from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.jetstream import Broker
from faastraingym.adapters.stage.current import carried
from faastraingym.events.delivery import queue_request
from faastraingym.events.pipeline.commands import Invocation


class NatsCommandQueue:
    """Puts invocations on the queue-worker's stream, as OpenFaaS queue requests."""

    def __init__(self, broker: Broker) -> None:
        self._bus = NatsBus(broker)

    async def invoke(self, request: Invocation, body: bytes, signature: str) -> bool:
        """Returns when the invocation is queued durably; False when its work waits already.

        Raises:
            Unavailable: the broker is away, takes nothing new, or denies this login.
        """
        queued = queue_request.of_command(request, body, signature, carried(request.message.run))
        return await self._bus.enqueue(request.function, queued, request.call_id, request.work)
