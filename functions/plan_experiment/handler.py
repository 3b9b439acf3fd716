"""plan-experiment: the trials of an experiment, their runs, and its end.

What is due is decided in events/experiments/plan.py, from the log alone.
"""

import asyncio

from faastraingym.adapters.stage.stage import stage
from faastraingym.events.experiments.history import fold
from faastraingym.events.experiments.plan import plan
from faastraingym.events.pipeline import event_backup, subjects
from faastraingym.events.ports import Messages, Services, Unavailable
from faastraingym.schemas.messages import (
    ExperimentCompleted,
    ExperimentFailed,
    ExperimentStarted,
    ExperimentStopRequested,
    TrialDecided,
    TrialReported,
    TrialRequested,
)

Received = (
    ExperimentStarted
    | ExperimentStopRequested
    | TrialRequested
    | TrialReported
    | TrialDecided
    | ExperimentCompleted
    | ExperimentFailed
)


@stage(
    ExperimentStarted,
    ExperimentStopRequested,
    TrialRequested,
    TrialReported,
    TrialDecided,
    ExperimentCompleted,
    ExperimentFailed,
)
async def handle(heard: Received, services: Services) -> Messages:
    """The facts that are due, whatever was heard; at start and end, an event backup.

    Before the first run begins, so that no broker loses an experiment whose runs the store knows.
    """
    run = heard.run
    if await event_backup.is_removed(run, services.facts, services.objects):
        return []
    facts = await services.facts.read(*subjects.of_run(run))
    experiment = fold(facts)
    if experiment.requested is None:
        raise Unavailable(f"the log of experiment {run} is being restored")
    if subjects.of(heard) not in {subjects.of(record.fact) for record in facts}:
        raise Unavailable(f"{subjects.of(heard)} was published, not read")
    if experiment.end or isinstance(heard, ExperimentStarted):
        copied = event_backup.held(await event_backup.copies(run, services.bucket))
        await event_backup.keep(run, facts[copied:], copied, services.objects)
    return await asyncio.to_thread(plan, run, experiment)
