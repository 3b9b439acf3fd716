"""A run's share of a function's slots, so that work that hangs delays its own run only. Pure.

A run has one delivery at a time until a successful answer shows that its work ends, and again after
one that ran overtime or made its replica die; all suspect runs together have at most half of the
slots. Other runs take turns, each up to its share; a run may borrow more while half of the slots
stay free, and a run that is alone has all slots.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from enum import Enum

REMEMBERED = 10_000  # runs; a run that is forgotten begins with one delivery again
RECENT_SECONDS = 2.0  # since a run's last delivery: the time that a loop's other stages take


class Standing(Enum):
    """The standing of a run's work at a function."""

    FRESH = "nothing yet"
    PROVEN = "the last that it was told of came to an end"
    SUSPECT = "the last that it was told of did not"


class Shares:
    """Of one function's slots. Deliveries of no run (an empty name) are not bounded here."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._standings: OrderedDict[str, Standing] = OrderedDict()  # set last comes last
        self._remembered = remembered
        self._in_flight: Counter[str] = Counter()
        self._seen: OrderedDict[str, float] = OrderedDict()  # seen last comes last

    @property
    def in_flight(self) -> int:
        """Deliveries that have begun."""
        return self._in_flight.total()

    def of(self, run: str) -> Standing:
        """The standing of a run."""
        return self._standings.get(run, Standing.FRESH)

    def seen(self, run: str, now: float) -> None:
        """A delivery of the run has come, or is over; `now` in seconds."""
        self._seen[run] = now
        self._seen.move_to_end(run)
        while self._seen and next(iter(self._seen.values())) < now - RECENT_SECONDS:
            self._seen.popitem(last=False)

    def may_begin(self, run: str, slots: int, runs: Callable[[], int]) -> bool:
        """Whether the run may begin one more delivery as soon as one of the `slots` is free.

        `runs` counts the runs, those that wait included; it is called only if that matters.
        """
        standing, holds = self.of(run), self._in_flight[run]
        if not run:
            return True
        if standing is Standing.SUSPECT and self._suspected() >= max(1, slots // 2):
            return False
        if not holds or standing is not Standing.PROVEN:
            return not holds
        number, free_after = runs(), slots - self.in_flight - 1
        return number == 1 or holds < slots // number or free_after >= slots // 2

    def runs(self) -> set[str]:
        """The runs with deliveries in flight, and those seen just now."""
        return self._seen.keys() | self._in_flight.keys()

    def begin(self, run: str) -> None:
        """A delivery of the run begins."""
        self._in_flight[run] += 1

    def end(self, run: str) -> None:
        """A delivery is over, with any outcome."""
        self._in_flight[run] -= 1
        if not self._in_flight[run]:
            del self._in_flight[run]

    def tell(self, run: str, standing: Standing) -> None:
        """Set the standing of a run."""
        if not run:
            return
        self._standings[run] = standing
        self._standings.move_to_end(run)
        if len(self._standings) > self._remembered:
            self._standings.popitem(last=False)

    def _suspected(self) -> int:
        """The deliveries in flight of suspect runs."""
        holds = self._in_flight.items()
        return sum(count for run, count in holds if self.of(run) is Standing.SUSPECT)
