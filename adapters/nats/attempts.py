"""One connection at a time for nats-py: what an attempt to reconnect began ends with it.

nats-py (2.16) begins to read, to ping and to flush as soon as a server has taken the login. If the
attempt fails after that, as where the server is too busy to answer the next ping within ten
seconds, it goes on to the next attempt and leaves all three running: two loops then feed one
parser from two connections, and the client may stay deaf until three pings, 60 s, went unanswered.
"""

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nats.aio.client import Client


def ending_attempts(base: "type[Client]") -> "type[Client]":
    """nats-py's client `base`, which ends an earlier attempt before it connects anew."""

    class OneAttempt(base):  # type: ignore[misc]
        async def _connect_to_server(self, server: Any) -> None:
            for begun in (self._reading_task, self._ping_interval_task, self._flusher_task):
                if begun is not None and begun is not asyncio.current_task():
                    begun.cancel()
            if self._transport is not None:
                self._transport.close()
            self._ps.reset()
            await super()._connect_to_server(server)

    return OneAttempt
