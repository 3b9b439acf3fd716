"""How a caller times a part of a calculation, by a clock of its own."""

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

Arguments = TypeVarTuple("Arguments")
R = TypeVar("R")


class Stopwatch:
    """Adds up environments' time; `clock` returns seconds; without one the watch stands still."""

    __slots__ = ("clock", "seconds")

    def __init__(self, clock: Callable[[], float] = float) -> None:
        self.clock = clock
        self.seconds = 0.0

    def time(self, function: Callable[[*Arguments], R], *arguments: *Arguments) -> R:
        """The result of `function`; adds its time."""
        begin = self.clock()
        try:
            return function(*arguments)
        finally:
            self.seconds += self.clock() - begin
