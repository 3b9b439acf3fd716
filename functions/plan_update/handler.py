"""plan-update (Plan): the batch, the schedules, the next fan-out and evaluation, or the end.

What is due is decided in events/pipeline/next_step.py.
"""

from faastraingym.adapters.stage.manifests import specification
from faastraingym.adapters.stage.stage import stage
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.pipeline.next_step import Planned, Received, filters, lacking, next_step
from faastraingym.events.pipeline.planning import learning
from faastraingym.events.pipeline.recovery import missing
from faastraingym.events.pipeline.retention import expendable, pruned
from faastraingym.events.ports import Services, Unavailable
from faastraingym.schemas.messages import PolicyUpdated, RewardsReady, RunResumed
from faastraingym.schemas.specification import RunSpec


@stage(RewardsReady, PolicyUpdated, RunResumed)
async def handle(received: Received | RunResumed, services: Services) -> Planned:
    """The update to make, unless it is made or the run has ended; a resumed run's missing messages.

    Removes the objects that no later version needs, by the specification's rule.
    """
    spec = await specification(services, received.manifest)
    if isinstance(received, RunResumed):
        history = fold(await services.facts.read(*subjects.of_run(received.run)))
        if history.requested is None:
            raise Unavailable(f"the log of run {received.run} is being restored")
        return [*missing(history, spec)]
    history = await _known(spec, received, services)
    new = [s for s in lacking(spec, received, history) if await services.facts.count(s)]
    if new:  # published meanwhile
        history = await _known(spec, received, services)
        if behind := set(new).intersection(lacking(spec, received, history)):
            raise Unavailable(f"{min(behind)} was published, not read")  # the broker's replica lags
    ready = history.rewards.get(received.version)
    if ready and learning(ready, history):
        # In any case: this stage receives a version again when the version was made again.
        await services.bucket.delete(expendable(spec, ready, history))
    return next_step(spec, received, history)


async def _known(spec: RunSpec, received: Received, services: Services) -> History:
    """`received`, and the log's facts about the steps from there."""
    run, known = received.run, filters(spec, received)
    if (old := pruned(spec, received.version)) is not None:
        known.append(subjects.of_kind(PolicyUpdated, run, old))
    history = fold(await services.facts.read(*subjects.of_life(run), *known))
    if isinstance(received, RewardsReady):
        history.rewards[received.version] = received
    else:
        history.policies[received.version] = received
    return history
