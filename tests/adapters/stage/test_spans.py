"""Spans: what is done during an invocation is kept for it, and for nobody else."""

import asyncio

import pytest

from faastraingym.adapters.stage.spans import Stretch, add, keep, merge_spans, span, split_spans
from faastraingym.schemas.messages import Span


def kinds(kept: list[Stretch]) -> list[str]:
    return [kind for kind, _, _ in kept]


async def test_tasks_and_threads_tell_the_invocation_that_they_work_for() -> None:
    """Two invocations at once, each with a task and a thread of its own."""

    def calculate(kind: str) -> None:
        with span(kind):
            pass

    async def invocation(name: str) -> list[str]:
        kept = keep()
        await asyncio.gather(asyncio.to_thread(calculate, f"{name} thread"), wait(f"{name} task"))
        return sorted(kinds(kept))

    async def wait(kind: str) -> None:
        with span(kind):
            await asyncio.sleep(0)

    both = await asyncio.gather(
        asyncio.create_task(invocation("a")), asyncio.create_task(invocation("b"))
    )
    assert both == [["a task", "a thread"], ["b task", "b thread"]]


def test_outside_an_invocation_nobody_keeps_anything() -> None:
    """The command line and the queue-worker use the same adapters."""
    with span("store"):
        add("compile", 1.0)
    with split_spans("environment", "policy") as watch:
        assert watch.time(divmod, 7, 4) == (1, 3)


def test_what_failed_took_its_time_too() -> None:
    """The error goes on as it is."""
    kept = keep()
    with pytest.raises(ZeroDivisionError), span("update"):
        _ = 1 / 0
    with pytest.raises(ZeroDivisionError), split_spans("environment", "policy") as watch:
        watch.time(divmod, 1, 0)
    assert kinds(kept) == ["update", "environment", "policy"]


def test_two_kinds_that_alternate_are_told_one_after_the_other() -> None:
    """Together they are as long as it took; the first is what the watch added up."""
    kept = keep()
    with split_spans("environment", "policy") as watch:
        for _ in range(3):
            assert watch.time(sum, range(1000)) == 499_500
    (_, begin, between), (_, same, end) = kept
    assert begin < between == same <= end
    assert between - begin == pytest.approx(watch.seconds)


def test_a_duration_ends_when_it_is_told() -> None:
    """As JAX tells of compilations."""
    kept = keep()
    add("compile", 0.5)
    ((_, begin, end),) = kept
    assert end - begin == pytest.approx(0.5)


def test_neighbours_of_one_kind_become_one() -> None:
    """Objects fetched at once, or decoded one after the other, are one stretch."""
    kept: list[Stretch] = [
        ("store", 10.0, 10.2),
        ("store", 10.1, 10.3),
        ("msgpack", 10.3, 10.4),
        ("store", 10.9, 11.0),
    ]
    assert [
        Span(s.kind, round(s.begin, 6), round(s.seconds, 6)) for s in merge_spans(kept, 10.0)
    ] == [
        Span("store", 0.0, 0.3),
        Span("msgpack", 0.3, 0.1),
        Span("store", 0.9, 0.1),
    ]


def test_the_number_of_spans_is_bounded() -> None:
    """A message has a limit; what a person can look at has, too."""
    kept: list[Stretch] = [("store", float(i), i + 0.5) for i in range(1000)]
    assert len(merge_spans(kept, 0.0)) == 256
