"""Where an invocation's time goes: a list of stretches, recorded by the task that serves it.

`with span("store")` records one. Outside an invocation nothing is recorded. Threads that
`asyncio.to_thread` starts record for the invocation that they work for.
"""

import time
from contextvars import ContextVar
from types import TracebackType

from faastraingym.algorithms.timing import Stopwatch
from faastraingym.schemas.messages import Span

MOST = 256  # spans of one invocation
SLACK = 50e-6  # seconds

Stretch = tuple[str, float, float]  # kind, begin, end: readings of `time.perf_counter`


_kept: ContextVar[list[Stretch] | None] = ContextVar("spans", default=None)


def keep() -> list[Stretch]:
    """Begin to record the stretches of this task, its tasks and its threads."""
    kept: list[Stretch] = []
    _kept.set(kept)
    return kept


def add(kind: str, seconds: float) -> None:
    """Record work of this kind that took `seconds` and has just ended."""
    kept = _kept.get()
    if kept is not None:
        end = time.perf_counter()
        kept.append((kind, end - seconds, end))


class span:  # noqa: N801  reads as a clause: `with span("store")`
    """Records the body's time as one stretch."""

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
        """Look again; a body that failed is recorded, too."""
        kept = _kept.get()
        if kept is not None:
            kept.append((self._kind, self._begin, time.perf_counter()))


class split_spans:  # noqa: N801  reads as a clause: `with split_spans("environment", "policy") as watch`
    """Records two kinds that alternate in small pieces as two stretches, one after the other.

    The first is the time that the watch has added up, the second is the rest.
    """

    __slots__ = ("_begin", "_first", "_second", "_watch")

    def __init__(self, first: str, second: str) -> None:
        self._first, self._second = first, second
        self._watch = Stopwatch(time.perf_counter)

    def __enter__(self) -> Stopwatch:
        """Look at the clock."""
        self._begin = time.perf_counter()
        return self._watch

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look again."""
        kept = _kept.get()
        if kept is not None:
            between = self._begin + self._watch.seconds
            kept.append((self._first, self._begin, between))
            kept.append((self._second, between, time.perf_counter()))


def merge_spans(kept: list[Stretch], began: float) -> list[Span]:
    """The spans, counted from `began`; neighbours of one kind that almost touch become one."""
    merged: list[Stretch] = []
    before, since, until = "", 0.0, 0.0
    for kind, begin, end in kept:
        if kind == before and begin <= until + SLACK:
            begin = min(since, begin)
            merged.pop()
        merged.append((kind, begin, end))
        before, since, until = kind, begin, end
    return [Span(kind, begin - began, end - begin) for kind, begin, end in merged[:MOST]]
