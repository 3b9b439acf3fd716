"""Invokes functions with a `schedule` annotation, as OpenFaaS's cron-connector does.

Ticks of `schedule` are sent only while a run is active, so an idle platform stays at zero replicas;
those of `com.faastraingym.schedule.idle`, which are rare, only while none is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from faastraingym.events.topology.stack_file import Function, StackError

logger = logging.getLogger(__name__)

Tick = Callable[[Function], Awaitable[None]]
IsActive = Callable[[], Awaitable[bool]]


def next_tick(name: str, schedule: str, after: datetime) -> datetime:
    """The time at which the function `name` is due next; StackError if that is no schedule."""
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
                    clocks.create_task(_clock(function, schedule, tick, is_active, busy))


async def _clock(
    function: Function, schedule: str, tick: Tick, is_active: IsActive, busy: bool
) -> None:
    while True:
        now = datetime.now(UTC)
        due = next_tick(function.name, schedule, now)
        await asyncio.sleep((due - now).total_seconds())
        if await is_active() == busy:
            logger.info("tick", extra={"worker": function.name})
            await tick(function)
