"""The scenarios by name, and the stack that they are played on."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import Row
from tests.stack.support import Stack

from . import (
    at_once,
    connections,
    facts,
    fairness,
    flood,
    guests,
    hanging,
    in_flight,
    largest,
    memory,
    rss,
    uploads,
)
from .runs import bench, train
from .sizes import Size, tiny

SCENARIOS = {
    "in-flight": in_flight,
    "at-once": at_once,
    "facts": facts,
    "largest": largest,
    "memory": memory,
    "fairness": fairness,
    "hanging": hanging,
    "flood": flood,
    "connections": connections,
    "uploads": uploads,
}
SETTINGS = {
    "FTG_MAX_ROLLOUTS": str(fairness.SLOTS),
    "FTG_ENVIRONMENTS": "tests.stack.environments,tests.load.environments",
    "FAASTRAIN_ZERO_DURATION": "15m",  # cold starts are not what is measured
}


@contextmanager
def running(home: Path, **settings: str) -> Iterator[Stack]:
    """A stack at `home`, meanwhile; every function has served once."""
    file = guests.stack_file(home / "source")
    stack = Stack(home, **SETTINGS, FAASTRAIN_STACK=str(file), **settings)
    try:
        stack.up()
        asyncio.run(_warm(stack))
        yield stack
    finally:
        stack.down()


async def _warm(stack: Stack) -> None:
    async with bench(stack) as at:
        await train(at, "warm", tiny(fairness.SLOTS, 2))


async def play(name: str, stack: Stack, size: Size) -> list[Row]:
    """What a scenario measured, and what the long-lived processes kept of it."""
    module = SCENARIOS[name]
    with rss.watching(stack) as seen:
        async with bench(stack) as at:
            rows = await module.measure(at, size)
    return [*rows, *rss.rows(module.NAME, seen)]


def missed(rows: Sequence[Row]) -> list[str]:
    """What ought not to be."""
    return [f"{row.benchmark}: {row.what}: {row.value:g}" for row in rows if row.met is False]
