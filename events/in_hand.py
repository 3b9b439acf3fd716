"""What a queue-worker has in hand of one function: some is in flight, some waits for its turn."""

import asyncio
from contextlib import suppress
from typing import Generic, TypeVar

from events.fairness import FairQueue
from events.ports import Delivery, Unavailable

HEARTBEATS_AT_ONCE = 64  # then whatever else is due has its turn

By = TypeVar("By")  # the way by which a delivery came


class InHand(Generic[By]):
    """Deliveries from when they are taken until they are let go."""

    def __init__(self) -> None:
        self._all: dict[str, Delivery] = {}  # by message
        self._waiting: FairQueue[tuple[Delivery, By]] = FairQueue()

    def __len__(self) -> int:
        return len(self._all)

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @property
    def room(self) -> int:
        """How many more may come."""
        return self._waiting.room

    def take(self, run: str, message: Delivery, by: By) -> None:
        """Let it wait among its run's, unless it is here: its heartbeats came too late."""
        if message.message_id not in self._all:
            self._all[message.message_id] = message
            self._waiting.add(run, (message, by), len(message.data))

    def next(self) -> tuple[Delivery, By]:
        """What is to be begun now; it stays in hand."""
        return self._waiting.next()

    def let_go(self, message: Delivery) -> None:
        """It is settled, or somebody else's."""
        del self._all[message.message_id]

    async def hand_back(self) -> None:
        """Let go of what has not begun, so that nobody waits for its ack wait."""
        while self._waiting:
            message, _ = self._waiting.next()
            self.let_go(message)
            with suppress(Unavailable):  # then it comes back by itself
                await message.retry(0)

    async def extend(self) -> None:
        """Tell the broker that all of it is in good hands."""
        for number, message in enumerate(list(self._all.values())):
            if message.message_id in self._all:  # still
                with suppress(Unavailable):  # then it is delivered again
                    await message.extend()
            if number % HEARTBEATS_AT_ONCE == 0:
                await asyncio.sleep(0)
