"""reconcile: on a cron tick, mends what faults left undone, from what the log and the store hold.

What was promised and has not come by its deadline is issued again; facts are copied to the store,
and said again where the broker lost them.
"""

import logging
import time
from collections.abc import Sequence

from adapters.manifests import specification
from adapters.restoring import asked
from adapters.stage import cron_stage
from events import archive, subjects
from events.active import known_runs
from events.commands import Invocation
from events.history import fold
from events.ports import LostObject, Recorded, Services
from events.recovery import overdue, stalled
from schemas import keys
from schemas.errors import SchemaError
from schemas.messages import Message, RunRequested
from schemas.specification import to_dict

logger = logging.getLogger(__name__)

Mending = Sequence[Message | Invocation]


@cron_stage
async def handle(services: Services) -> Mending:
    """What every run that has no report needs, and every run that only the store knows."""
    known = await known_runs(services.facts)
    stored = await services.bucket.folders(keys.RUNS)
    active = [run for run, goes_on in known.items() if goes_on]
    forgotten = [run for run in stored if run not in known]
    return [item for run in [*active, *forgotten] for item in await _alone(run, services)]


async def _alone(run: str, services: Services) -> Mending:
    """What a run needs; one that cannot be read shall not hold up the others."""
    try:
        return await _mend(run, services)
    except (LostObject, SchemaError) as error:
        logger.warning("not mended", extra={"run": run, "why": str(error)})
        return []


async def _mend(run: str, services: Services) -> Mending:
    said = await services.facts.read(*subjects.of_run(run))
    copies = await services.bucket.keys(keys.logs(run))
    copied = archive.held(copies)
    if copied > len(said) or not said:
        lost = await _lost(run, copies, said, services)
        if lost:
            whole = [*said, *(Recorded(0, time.time(), fact) for fact in lost)]
            return [*lost, *await _missing(whole, services, at_once=True)]
    await archive.keep(run, said, copied, services.objects)
    return await _missing(said, services)


async def _lost(
    run: str, copies: list[str], said: Sequence[Recorded], services: Services
) -> list[Message]:
    """The facts that the broker lost; without a copy there is still the request."""
    known = {subjects.of(record.fact) for record in said}
    copied = await archive.recall(copies, services.objects) or await _request(run, services)
    return [fact for fact in copied if subjects.of(fact) not in known]


async def _request(run: str, services: Services) -> list[Message]:
    manifest = await services.objects.find(keys.manifest(run))
    if manifest is None:
        return []
    return [RunRequested(run=run, spec=to_dict(await specification(services, manifest)))]


async def _missing(said: Sequence[Recorded], services: Services, at_once: bool = False) -> Mending:
    history = fold(said)
    try:
        manifest = history.started and history.started.manifest
        spec = await specification(services, manifest) if manifest else None
    except LostObject as lost:
        return [await asked(lost, history, services)]
    return stalled(history, spec) if at_once else overdue(history, spec, time.time())
