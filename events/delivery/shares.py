"""How much of a function one run may hold: so that work that hangs holds up its own run only. Pure.

A run begins with one delivery at a time: only when the function has answered one of its own well is
it known to come to an end. One whose work ran over time, or whose replica died of it, is back to
one, and all of these together have at most half of the slots. Beyond that runs take turns, each up
to its share of the slots; more than its share it may borrow while half of them stay free, and a run
that is alone has them all.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from enum import Enum

REMEMBERED = 10_000  # runs; whoever is forgotten begins with one delivery again
RECENT_SECONDS = 2.0  # since a run's last delivery: the time that a loop's other stages take


class Standing(Enum):
    """What is known of a run's work at a function."""

    FRESH = "nothing yet"
    PROVEN = "the last that it was told of came to an end"
    SUSPECT = "the last that it was told of did not"


class Shares:
    """Of one function's slots. What belongs to no run (an empty name) is not bounded here."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._standings: OrderedDict[str, Standing] = OrderedDict()  # told of last comes last
        self._remembered = remembered
        self._in_flight: Counter[str] = Counter()
        self._suspected = 0  # of what is in flight
        self._seen: OrderedDict[str, float] = OrderedDict()  # seen last comes last

    @property
    def in_flight(self) -> int:
        """Deliveries that have begun."""
        return self._in_flight.total()

    def of(self, run: str) -> Standing:
        """What is known of a run."""
        return self._standings.get(run, Standing.FRESH)

    def seen(self, run: str, now: float) -> None:
        """A delivery of the run has come, or is over; `now` in seconds."""
        self._seen[run] = now
        self._seen.move_to_end(run)
        while self._seen and next(iter(self._seen.values())) < now - RECENT_SECONDS:
            self._seen.popitem(last=False)

    def may_begin(self, run: str, slots: int, runs: Callable[[], int]) -> bool:
        """Whether the run may begin one more as soon as there is a free slot.

        Args:
            run: whose turn it is.
            slots: the function's.
            runs: how many there are, those that wait included; asked when it matters.
        """
        standing, holds = self.of(run), self._in_flight[run]
        if not run:
            return True
        if standing is Standing.SUSPECT and self._suspected >= max(1, slots // 2):
            return False
        if not holds or standing is not Standing.PROVEN:
            return not holds
        number, free_after = runs(), slots - self.in_flight - 1
        return number == 1 or holds < slots // number or free_after >= slots // 2

    def runs(self) -> set[str]:
        """Those that have something in flight, or were seen just now."""
        return self._seen.keys() | self._in_flight.keys()

    def begin(self, run: str) -> None:
        """A delivery of the run begins."""
        self._in_flight[run] += 1
        self._suspected += self.of(run) is Standing.SUSPECT

    def end(self, run: str) -> None:
        """It is over, whatever came of it."""
        self._in_flight[run] -= 1
        self._suspected -= self.of(run) is Standing.SUSPECT
        if not self._in_flight[run]:
            del self._in_flight[run]

    def tell(self, run: str, standing: Standing) -> None:
        """What has just become known of a run."""
        if not run:
            return
        self._set(run, standing)
        if len(self._standings) > self._remembered:
            self._set(next(iter(self._standings)), Standing.FRESH)

    def _set(self, run: str, standing: Standing) -> None:
        was, holds = self._standings.pop(run, Standing.FRESH), self._in_flight[run]
        self._suspected += holds * ((standing is Standing.SUSPECT) - (was is Standing.SUSPECT))
        if standing is not Standing.FRESH:
            self._standings[run] = standing
