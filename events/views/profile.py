"""Medians over iterations: how they spend their time. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

from msgspec import Struct

from faastraingym.events.views.invocations import KINDS, WORK, Invoked, Part
from faastraingym.events.views.iterations import STEPS, Iteration

BEFORE = ("hop", "cold start", "queue", "retry")


class KindRow(Struct, frozen=True, kw_only=True):
    """One kind of time."""

    kind: str
    median_ms: float  # on the critical path of an iteration
    max_ms: float
    share: float  # of an iteration, median
    all_replicas_ms: float  # in all functions of an iteration, median


class StepRow(Struct, frozen=True, kw_only=True):
    """One step of the critical path."""

    step: str
    before_ms: float  # hop, cold start, queue, retry: median
    function_ms: float  # median


class Profile(Struct, frozen=True, kw_only=True):
    """Iterations of one run, in numbers."""

    run_id: str
    first: int  # version that the first iteration began with
    last: int  # version that the last one ended with
    iterations: int
    median_ms: float
    max_ms: float
    overhead: float  # share that is not environment, policy, rewards or update: median
    kinds: list[KindRow]
    path: list[StepRow]


def profile(run: str, found: Sequence[Iteration], invocations: Iterable[Invoked]) -> Profile:
    """The numbers of one or more iterations."""
    lengths = [(i.end - i.begin) * 1e3 for i in found]
    on_path = [_by_kind(i.parts) for i in found]
    everywhere = [_by_kind(parts) for parts in _work(found, invocations)]
    pairs = list(zip(on_path, lengths, strict=True))
    return Profile(
        run_id=run,
        first=found[0].version,
        last=found[-1].version + 1,
        iterations=len(found),
        median_ms=_round(median(lengths)),
        max_ms=_round(max(lengths)),
        overhead=_round(median(1 - sum(ms.get(k, 0.0) for k in WORK) / all_ for ms, all_ in pairs)),
        kinds=[
            KindRow(
                kind=kind,
                median_ms=_round(median(ms.get(kind, 0.0) for ms in on_path)),
                max_ms=_round(max(ms.get(kind, 0.0) for ms in on_path)),
                share=_round(median(ms.get(kind, 0.0) / all_ for ms, all_ in pairs)),
                all_replicas_ms=_round(median(ms.get(kind, 0.0) for ms in everywhere)),
            )
            for kind in KINDS
            if any(kind in ms for ms in (*on_path, *everywhere))
        ],
        path=[_step(number, name, found) for number, name in enumerate(STEPS)],
    )


def typical(found: Sequence[Iteration]) -> int:
    """The index of the iteration with the median length."""
    order = sorted(range(len(found)), key=lambda i: found[i].end - found[i].begin)
    return order[len(order) // 2]


def _step(number: int, name: str, found: Sequence[Iteration]) -> StepRow:
    paths = [iteration.path[number].parts for iteration in found]
    before = [sum(p.end - p.begin for p in parts if p.kind in BEFORE) for parts in paths]
    within = [sum(p.end - p.begin for p in parts if p.kind not in BEFORE) for parts in paths]
    return StepRow(
        step=name, before_ms=_round(median(before) * 1e3), function_ms=_round(median(within) * 1e3)
    )


def _work(found: Sequence[Iteration], invocations: Iterable[Invoked]) -> list[list[Part]]:
    begins = [iteration.begin for iteration in found]
    work: list[list[Part]] = [[] for _ in found]
    for invoked in invocations:
        number = bisect_right(begins, invoked.begin) - 1
        if number >= 0 and invoked.begin < found[number].end:
            work[number] += invoked.parts
    return work


def _by_kind(parts: Iterable[Part]) -> dict[str, float]:
    """Milliseconds by kind."""
    found: dict[str, float] = defaultdict(float)
    for part in parts:
        found[part.kind] += (part.end - part.begin) * 1e3
    return found


def _round(value: float) -> float:
    return round(value, 4)
