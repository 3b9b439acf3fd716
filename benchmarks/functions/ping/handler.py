"""ping: tells by one datagram when it was entered, and does nothing else."""

import os
import socket
import time
from collections.abc import Mapping

from adapters.stage import Response, Stage
from events.ports import Messages, Services
from schemas.messages import CollectRollout, RolloutCompleted

from .arrivals import Arrival, encode

Ping = RolloutCompleted | CollectRollout


class TimedStage(Stage):
    """A stage that keeps when the gateway and when this process had the request."""

    invoked: tuple[int, int] = (0, 0)  # Unix time, ns

    async def __call__(self, body: bytes, headers: Mapping[str, str]) -> Response:
        """Serve one invocation; several in flight would mix their times up, not their count."""
        self.invoked = int(headers["x-start-time"]), time.time_ns()
        return await super().__call__(body, headers)


async def ping(message: Ping, services: Services) -> Messages:
    """Say nothing."""
    entered = time.time_ns()
    host, _, port = os.environ["FTG_BENCHMARK_ADDRESS"].rpartition(":")
    arrival = Arrival(message.run, *handle.invoked, entered)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(encode(arrival), (host, int(port)))
    return []


handle = TimedStage((RolloutCompleted, CollectRollout), ping)
