"""Where an invocation's time goes: stretches that its task, its tasks and its threads record.

Outside an invocation nothing is recorded.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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
    end = time.perf_counter()
    _record((kind, end - seconds, end))


class span:  # noqa: N801  reads as a clause: `with span("store")`
    """Record the body's time as one stretch; that of a body that failed, too.

    A class, as `translated` is, and for the same reason.
    """

    __slots__ = ("_begin", "_kind")

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __enter__(self) -> None:
        self._begin = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        _record((self._kind, self._begin, time.perf_counter()))


@contextmanager
def split_spans(first: str, second: str) -> Iterator[Stopwatch]:
    """Record two kinds that alternate as two stretches: the time of the watch, then the rest."""
    watch, begin = Stopwatch(time.perf_counter), time.perf_counter()
    try:
        yield watch
    finally:
        between = begin + watch.seconds
        _record((first, begin, between), (second, between, time.perf_counter()))


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


def _record(*stretches: Stretch) -> None:
    kept = _kept.get()
    if kept is not None:
        kept += stretches
