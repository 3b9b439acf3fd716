"""ping: tells when it was entered, and does nothing else."""

import functools
import os
import time
from collections.abc import Mapping

from faastraingym.adapters.stage.stage import Response, Stage
from faastraingym.events.ports import Messages, Services
from faastraingym.schemas.messages import CollectRollout, RolloutCompleted

from .arrivals import Arrival, Teller

Ping = RolloutCompleted | CollectRollout


class TimedStage(Stage):
    """A stage that keeps when the gateway and when this process had the request."""

    invoked: tuple[int, int] = (0, 0)  # Unix time, ns

    async def __call__(self, body: bytes, headers: Mapping[str, str]) -> Response:
        """Serve one invocation; several in flight would mix their times up, not their count."""
        self.invoked = int(headers["x-start-time"]), time.time_ns()
        return await super().__call__(body, headers)


@functools.cache
def teller() -> Teller:
    """This replica's line to the benchmark."""
    return Teller(os.environ["FTG_BENCHMARK_ADDRESS"])


async def ping(message: Ping, services: Services) -> Messages:
    """Say nothing."""
    entered = time.time_ns()
    slot = message.index if isinstance(message, CollectRollout) else message.trajectory.index
    teller().tell(Arrival(message.run, slot, *handle.invoked, entered))
    return []


handle = TimedStage((RolloutCompleted, CollectRollout), ping)
