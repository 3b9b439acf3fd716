"""reconcile: on a cron tick, issues again what was promised and has not come by its deadline."""

import time

from adapters.manifests import specification
from adapters.stage import cron_stage
from events import subjects
from events.active import active_runs
from events.commands import Invocation
from events.history import fold
from events.ports import Services
from events.recovery import overdue


@cron_stage
async def handle(services: Services) -> list[Invocation]:
    """The overdue invocations of every run that was requested and has no report."""
    return [
        again
        for run in await active_runs(services.facts)
        for again in await _overdue(run, services)
    ]


async def _overdue(run: str, services: Services) -> list[Invocation]:
    history = fold(await services.facts.read(*subjects.of_run(run)))
    started = history.started
    spec = await specification(services, started.manifest) if started else None
    return overdue(history, spec, time.time())
