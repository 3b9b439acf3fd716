"""A queue-worker's deliveries to one function: some have begun, some wait for their turn."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

from faastraingym.events.delivery.fair_scheduling import FairQueue
from faastraingym.events.delivery.shares import Shares, Standing
from faastraingym.events.ports import Delivery, Unavailable

HEARTBEATS_AT_ONCE = 64  # then all other work that is due has its turn

By = TypeVar("By")  # the way by which a delivery came


class Taken(NamedTuple, Generic[By]):
    """A delivery in flight."""

    message: Delivery
    by: By
    run: str  # whose turn it takes
    at: float  # since when, monotonic seconds


class InFlight(Generic[By]):
    """Deliveries from when they are taken until they are let go, of a function with `slots`."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._all: dict[str, Delivery] = {}  # by message
        self._waiting: FairQueue[Taken[By]] = FairQueue()
        self.shares = Shares()

    def __len__(self) -> int:
        return len(self._all)

    @property
    def waiting(self) -> int:
        """How many wait for slots only; the others wait until their own run's work ends."""
        runs = self._once()
        return sum(
            count if not run or self.shares.of(run) is Standing.PROVEN else 1
            for run, count in self._waiting.lanes().items()
            if self.shares.may_begin(run, self._slots, runs)
        )

    @property
    def is_fed(self) -> bool:
        """Whether the deliveries that wait only for slots would fill all of them."""
        return len(self._waiting) >= self._slots and self.waiting >= self._slots

    @property
    def room(self) -> int:
        """How many more may come."""
        return self._waiting.room

    def take(self, run: str, message: Delivery, by: By) -> None:
        """Let a delivery wait, unless it is here already: then its heartbeats came too late."""
        if message.message_id not in self._all:
            now = time.monotonic()
            self._all[message.message_id] = message
            self._waiting.add(run, Taken(message, by, run, now), len(message.data))
            self.shares.seen(run, now)

    def next(self, slots: int) -> Taken[By] | None:
        """The delivery to begin now, one of `slots` being free; it stays in flight."""
        runs = self._once()
        taken = self._waiting.next(lambda run: self.shares.may_begin(run, slots, runs))
        if taken is not None:
            self.shares.begin(taken.run)
        return taken

    def let_go(self, taken: Taken[By]) -> None:
        """A delivery that began is settled, or another worker has it."""
        del self._all[taken.message.message_id]
        self.shares.end(taken.run)
        self.shares.seen(taken.run, time.monotonic())

    async def hand_back(self) -> None:
        """Hand back deliveries that have not begun, so that they need not wait for the ack wait."""
        while (taken := self._waiting.next()) is not None:
            del self._all[taken.message.message_id]
            with suppress(Unavailable):  # then it comes back by itself
                await taken.message.retry(0)

    async def extend(self) -> None:
        """Tell the broker that this worker still has all of them."""
        for number, message in enumerate(list(self._all.values())):
            if message.message_id in self._all:  # still
                with suppress(Unavailable):  # then it is delivered again
                    await message.extend()
            if number % HEARTBEATS_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _once(self) -> Callable[[], int]:
        """How many runs wait, have deliveries in flight, or had some just now; counted once."""
        counted: list[int] = []  # to make a functools.cache takes five times as long

        def runs() -> int:
            if not counted:
                counted.append(len((self.shares.runs() | self._waiting.lanes().keys()) - {""}))
            return counted[0]

        return runs
