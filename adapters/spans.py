"""Where an invocation's time goes: a list of stretches, kept by whoever serves it.

`with span("store")` tells what is being done. Outside an invocation nobody keeps it. Threads that
`asyncio.to_thread` starts tell it to the invocation that they work for.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import NamedTuple, ParamSpec, TypeVar

from algorithms.timing import Timed
from schemas.messages import Span

MOST = 256  # spans of one invocation
SLACK = 50e-6  # seconds

P = ParamSpec("P")
R = TypeVar("R")


class Stretch(NamedTuple):
    """Readings of `time.perf_counter`."""

    kind: str
    begin: float
    end: float


_kept: ContextVar[list[Stretch] | None] = ContextVar("spans", default=None)


def keep() -> list[Stretch]:
    """Begin to keep what this task, its tasks and its threads do from now on."""
    kept: list[Stretch] = []
    _kept.set(kept)
    return kept


def add(kind: str, seconds: float) -> None:
    """What took so long and has just ended."""
    kept = _kept.get()
    if kept is not None:
        end = time.perf_counter()
        kept.append(Stretch(kind, end - seconds, end))


class span:  # noqa: N801  reads as a clause: `with span("store")`
    """What is being done meanwhile."""

    __slots__ = ("_begin", "_kind")

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __enter__(self) -> None:
        """Look at the clock."""
        self._begin = time.perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look again; what failed took its time, too."""
        kept = _kept.get()
        if kept is not None:
            kept.append(Stretch(self._kind, self._begin, time.perf_counter()))


class parted:  # noqa: N801  reads as a clause: `with parted("environment", "policy") as timed`
    """Two kinds that alternate in pieces too small to tell one by one: told one after the other.

    The first is what functions that `timed` has wrapped take, the second what remains.
    """

    __slots__ = ("_begin", "_first", "_second", "_seconds")

    def __init__(self, first: str, second: str) -> None:
        self._first, self._second = first, second
        self._seconds = 0.0

    def __enter__(self) -> Timed:
        """Look at the clock."""
        self._begin = time.perf_counter()
        return self._timed

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look again."""
        kept = _kept.get()
        if kept is not None:
            between = self._begin + self._seconds
            kept.append(Stretch(self._first, self._begin, between))
            kept.append(Stretch(self._second, between, time.perf_counter()))

    def _timed(self, function: Callable[P, R], /) -> Callable[P, R]:
        clock = time.perf_counter

        def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            begin = clock()
            try:
                return function(*args, **kwargs)
            finally:
                self._seconds += clock() - begin

        return timed


def told(kept: list[Stretch], began: float) -> list[Span]:
    """The spans, counted from `began`; neighbours of one kind that almost touch become one."""
    merged: list[Stretch] = []
    for stretch in kept:
        last = merged[-1] if merged else None
        if last and last.kind == stretch.kind and stretch.begin <= last.end + SLACK:
            stretch = stretch._replace(begin=min(last.begin, stretch.begin))
            merged.pop()
        merged.append(stretch)
    return [Span(kind, round(a - began, 6), round(b - a, 6)) for kind, a, b in merged[:MOST]]
