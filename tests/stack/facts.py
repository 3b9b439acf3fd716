"""Waiting for what a run says."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

from faastraingym.client.world import Connected
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import FactLog, Unavailable
from faastraingym.schemas.messages import (
    Message,
    PolicyUpdated,
    ReportWritten,
    RunCompleted,
    RunFailed,
)

Answer = TypeVar("Answer")
PATIENCE = 90.0  # seconds: far beyond what anything here takes on a busy machine


async def first(
    facts: FactLog, run: str, wanted: Callable[[Message], bool], patience: float = PATIENCE
) -> Message:
    """The first fact of a run that is `wanted`, already said or to come."""
    return await answered(lambda: _first(facts, run, wanted), patience)


async def answered(ask: Callable[[], Awaitable[Answer]], patience: float = PATIENCE) -> Answer:
    """What a server answers, asked again while it is being killed or too busy to answer."""
    async with asyncio.timeout(patience):
        while True:
            try:
                return await ask()
            except Unavailable:
                await asyncio.sleep(0.1)


async def _first(facts: FactLog, run: str, wanted: Callable[[Message], bool]) -> Message:
    following: Any = facts.follow(*subjects.of_run(run))
    async with aclosing(following) as records:
        async for record in records:
            if wanted(record.fact):
                return record.fact
    raise AssertionError("following never ends")


async def updated(
    facts: FactLog, run: str, version: int = 0, patience: float = PATIENCE
) -> PolicyUpdated:
    """The commit of a policy version, or of one after it."""
    fact = await first(
        facts,
        run,
        lambda fact: isinstance(fact, PolicyUpdated) and fact.policy.version >= version,
        patience,
    )
    assert isinstance(fact, PolicyUpdated)
    return fact


async def report(stack: Connected, run: str) -> dict[str, Any]:
    """A run's report, as the object store keeps it once it is written."""
    fact = await first(stack.facts, run, lambda fact: isinstance(fact, ReportWritten))
    assert isinstance(fact, ReportWritten)
    told: dict[str, Any] = json.loads(await stack.objects.get(fact.report))
    return told


async def end(facts: FactLog, run: str, patience: float = PATIENCE) -> RunCompleted | RunFailed:
    """How a run ends."""
    over = lambda fact: isinstance(fact, RunCompleted | RunFailed)  # noqa: E731
    fact = await first(facts, run, over, patience)
    assert isinstance(fact, RunCompleted | RunFailed)
    return fact


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Return when something holds that no fact tells of."""
    async with asyncio.timeout(PATIENCE):
        while not await answered(holds):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
