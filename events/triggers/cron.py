"""The clock's ticks: functions with a `schedule` annotation, as OpenFaaS's cron-connector has them.

A tick is sent only while a run is active, so an idle platform stays at zero, but for the rare ticks
of a schedule of its own, `com.faastraingym.schedule.idle`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from faastraingym.events.topology.stack_file import Function, StackError

logger = logging.getLogger(__name__)

Tick = Callable[[Function], Awaitable[None]]
IsActive = Callable[[], Awaitable[bool]]


def next_tick(name: str, schedule: str, after: datetime) -> datetime:
    """When the function `name` is due next.

    Raises:
        StackError: its schedule is not a cron expression.
    """
    try:
        due: datetime = next(CronSim(schedule, after))
        return due
    except CronSimError as error:
        raise StackError(
            f"function {name}: schedule {schedule!r} is not a cron expression "
            f"({error}); write five fields, as '* * * * *'"
        ) from error


async def run(functions: Iterable[Function], tick: Tick, is_active: IsActive) -> None:
    """Tick every scheduled function until cancelled."""
    async with asyncio.TaskGroup() as clocks:
        for function in functions:
            for schedule, busy in ((function.schedule, True), (function.idle_schedule, False)):
                if schedule:
                    ticks = _ticks(function.name, schedule)
                    clocks.create_task(_clock(function, ticks, tick, is_active, busy))


async def _clock(
    function: Function, ticks: AsyncIterator[datetime], tick: Tick, is_active: IsActive, busy: bool
) -> None:
    async for _ in ticks:
        if await is_active() == busy:
            logger.info("tick", extra={"worker": function.name})
            await tick(function)


async def _ticks(name: str, schedule: str) -> AsyncIterator[datetime]:
    while True:
        now = datetime.now(UTC)
        due = next_tick(name, schedule, now)
        await asyncio.sleep((due - now).total_seconds())
        yield due
