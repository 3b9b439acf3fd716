"""reconcile: on a timer's tick, repairs the effects of faults, from the log and the store.

It issues messages again that have missed their deadline, writes event backups, publishes facts
again that the broker lost, those of registered models too, starts runs from files of the inbox that
started none, and removes states of environments that have expired.
"""

import logging
import re
import time
from collections.abc import Mapping, Sequence

from faastraingym.adapters.errors import Refused
from faastraingym.adapters.stage.manifests import request, specification
from faastraingym.adapters.stage.restoring import Restorer, awaited
from faastraingym.adapters.stage.stage import cron_stage
from faastraingym.events.experiments import history as experiments
from faastraingym.events.experiments import recovery as of_experiments
from faastraingym.events.experiments.reporting import reported
from faastraingym.events.models.registry import Registry
from faastraingym.events.pipeline import event_backup, subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.pipeline.history import fold
from faastraingym.events.pipeline.lineage import NotPublished
from faastraingym.events.pipeline.recovery import missing, overdue, stalled
from faastraingym.events.ports import LostObject, Recorded, Services, Unavailable
from faastraingym.events.views.runs import known_runs
from faastraingym.schemas import keys
from faastraingym.schemas.errors import RunFault, SchemaError
from faastraingym.schemas.messages import REQUESTS, ExperimentRequested, Message, RunRemoved
from faastraingym.schemas.references import RUN_PATTERN

from .inbox import hear
from .states import remove_expired

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 20_000  # facts and commands of one tick

Repairs = Sequence[Message | Invocation]


@cron_stage
async def handle(services: Services) -> Repairs:
    """Repairs for each run without a report, each run that only the store has, and the inbox."""
    known = await known_runs(services.facts)
    stored = await services.bucket.folders(keys.RUNS)
    active = [run for run, goes_on in known.items() if goes_on]
    forgotten = [run for run in stored if run not in known and re.match(RUN_PATTERN, run)]
    repairs: list[Message | Invocation] = []
    for run in [*active, *forgotten]:
        repairs += await _alone(run, known, services)
        if len(repairs) > MOST_AT_ONCE:
            logger.warning("the rest waits for the next tick", extra={"run": run})
            break
    await remove_expired(services.bucket, time.time())
    asked = (*REQUESTS, RunRemoved)
    again = [one.run for one in repairs if isinstance(one, asked)]
    return [*repairs, *await hear([*known, *again], services), *await _unsaid(services)]


async def _unsaid(services: Services) -> Repairs:
    """The facts of registered models that the log lacks; unreadable ones stop nothing else."""
    said = await services.facts.read(subjects.of_topic("model.*"))
    registry = Registry(services.objects, services.bucket)
    try:
        return await registry.unsaid(record.fact.identified for record in said)
    except (SchemaError, Refused, Unavailable) as error:
        logger.warning("models not reconciled", extra={"why": str(error)})
        return []


async def _alone(run: str, known: Mapping[str, bool], services: Services) -> Repairs:
    """The repairs of one run; an unreadable run does not stop the others."""
    try:
        return await _repaired(run, known, services)
    except (LostObject, SchemaError, RunFault, NotPublished) as error:
        logger.warning("run not reconciled", extra={"run": run, "why": str(error)})
        return []


async def _repaired(run: str, active: Mapping[str, bool], services: Services) -> Repairs:
    if await services.objects.find(keys.removal(run)):  # and the broker has lost that
        return [RunRemoved(run=run)]
    facts = await services.facts.read(*subjects.of_run(run))
    known = {subjects.of(record.fact) for record in facts}
    pieces = await event_backup.copies(run, services.bucket)
    copied = event_backup.held(pieces)
    # A broker that was rolled back has lost its newest facts, and may have received others since.
    newest = await event_backup.recall(pieces[-1:], services.objects)
    unrequested = known.isdisjoint(subjects.of_kind(kind, run) for kind in REQUESTS)
    if copied > len(facts) or unrequested or not known.issuperset(map(subjects.of, newest)):
        stored = await event_backup.recall(pieces, services.objects)
        if unrequested and not any(isinstance(fact, REQUESTS) for fact in stored):
            stored += await _request(run, services)
        lost = [fact for fact in stored if subjects.of(fact) not in known]
        if lost:
            names = {subjects.of(fact) for fact in stored}
            added = [record for record in facts if subjects.of(record.fact) not in names]
            await event_backup.keep(run, added, copied, services.objects)
            whole = [*facts, *(Recorded(0, time.time(), fact) for fact in lost)]
            return [*lost, *await _missing(whole, services, at_once=True)]
    await event_backup.keep(run, facts[copied:], copied, services.objects)
    if subjects.of_kind(ExperimentRequested, run) in known:
        return await _of_experiment(run, facts, active, services)
    return await _missing(facts, services)


async def _of_experiment(
    run: str, facts: Sequence[Recorded], active: Mapping[str, bool], services: Services
) -> Repairs:
    """Its planning again once it is quiet, and reports of its runs that it lacks."""
    experiment, told = experiments.fold(facts), list[Message]()
    for name in of_experiments.ended(run, experiment, active):
        history = fold(await services.facts.read(*subjects.of_run(name)))
        told += reported(history, await services.facts.usage(name))
    return [*told, *of_experiments.overdue(experiment, time.time())]


async def _request(run: str, services: Services) -> list[Message]:
    manifest = await services.objects.find(keys.manifest(run))
    if manifest is None:
        return []
    return [await request(services, manifest)]


async def _missing(facts: Sequence[Recorded], services: Services, at_once: bool = False) -> Repairs:
    """The overdue messages; a run whose objects are being made again has not stalled."""
    history, spec = fold(facts), None
    if history.started:
        try:
            spec = await specification(services, history.started.manifest)
        except LostObject as lost:
            return (await Restorer().wanted(history.started, lost, history, services)).commands
    due = stalled(history, spec) if at_once else overdue(history, spec, time.time())
    if not due:
        return []
    return await awaited(missing(history, spec), history, spec, services) or due
