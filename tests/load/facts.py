"""A run of many facts: what it says late takes no longer than what it says early."""

from benchmarks.report import Row
from benchmarks.runs import intervals, versions
from benchmarks.samples import median

from .runs import Bench, losses, none, seconds, train
from .sizes import Size, tiny

NAME = "facts"


async def measure(at: Bench, size: Size) -> list[Row]:
    """It completes; the medians of its first and its last fifth of iterations are printed."""
    spec = tiny(size.fan_out, size.facts // size.fan_out)
    run = await train(at, "facts", spec)
    took = intervals(versions(run.records), warm_up=2)
    fifth = max(1, len(took) // 5)
    early, late = median(took[:fifth]) * 1000, median(took[-fifth:]) * 1000
    return [
        Row(benchmark=NAME, what=f"{len(run.records)} facts", unit="s", samples=[seconds(run)]),
        none(NAME, "facts short of what was asked for", max(0, size.facts - len(run.records))),
        Row(benchmark=NAME, what="an iteration early", unit="ms", samples=[early]),
        Row(benchmark=NAME, what="an iteration late", unit="ms", samples=[late]),
        Row(benchmark=NAME, what="late / early", samples=[late / early]),
        *await losses(at, NAME, run),
    ]
