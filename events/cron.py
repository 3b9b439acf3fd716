"""The clock's ticks: functions with a `schedule` annotation, as OpenFaaS's cron-connector has them.

A tick is sent only while a run is active, so an idle platform stays at zero.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from events.routes import Function, StackError

logger = logging.getLogger(__name__)

Tick = Callable[[Function], Awaitable[None]]
IsActive = Callable[[], Awaitable[bool]]


def next_tick(function: Function, after: datetime) -> datetime:
    """When `function` is due next.

    Raises:
        StackError: its schedule is not a cron expression.
    """
    try:
        due: datetime = next(CronSim(function.schedule or "", after))
        return due
    except CronSimError as error:
        raise StackError(
            f"function {function.name}: schedule {function.schedule!r} is not a cron expression "
            f"({error}); write five fields, as '* * * * *'"
        ) from error


async def run(functions: Iterable[Function], tick: Tick, is_active: IsActive) -> None:
    """Tick every scheduled function until cancelled."""
    async with asyncio.TaskGroup() as clocks:
        for function in functions:
            if function.schedule:
                clocks.create_task(_clock(function, tick, is_active))


async def _clock(function: Function, tick: Tick, is_active: IsActive) -> None:
    async for _ in _ticks(function):
        if await is_active():
            logger.info("tick", extra={"worker": function.name})
            await tick(function)


async def _ticks(function: Function) -> AsyncIterator[datetime]:
    while True:
        now = datetime.now(UTC)
        due = next_tick(function, now)
        await asyncio.sleep((due - now).total_seconds())
        yield due
