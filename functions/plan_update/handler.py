"""plan-update (Plan): the batch, the schedules, the next fan-out and evaluation, or the end.

What is due is decided in events/pipeline/next_step.py.
"""

from faastraingym.adapters.stage.manifests import specification
from faastraingym.adapters.stage.stage import stage
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.pipeline.next_step import Heard, Planned, filters, lacking, next_step
from faastraingym.events.pipeline.planning import learning
from faastraingym.events.pipeline.recovery import missing
from faastraingym.events.pipeline.retention import expendable, pruned
from faastraingym.events.ports import Services, Unavailable
from faastraingym.schemas.messages import PolicyUpdated, RewardsReady, RunResumed
from faastraingym.schemas.specification import RunSpec


@stage(RewardsReady, PolicyUpdated, RunResumed)
async def handle(heard: Heard | RunResumed, services: Services) -> Planned:
    """The update to make, unless it is made or the run has ended; for a resumed run what it needs.

    What no version to come needs is removed, by the specification's rule.
    """
    spec = await specification(services, heard.manifest)
    if isinstance(heard, RunResumed):
        history = fold(await services.facts.read(*subjects.of_run(heard.run)))
        if history.requested is None:
            raise Unavailable(f"the log of run {heard.run} is being restored")
        return [*missing(history, spec)]
    history = await _known(spec, heard, services)
    said = [s for s in lacking(spec, heard, history) if await services.facts.count(s)]
    if said:  # meanwhile
        history = await _known(spec, heard, services)
        if behind := set(said).intersection(lacking(spec, heard, history)):
            raise Unavailable(f"{min(behind)} was said, not read")  # from a replica that is behind
    ready = history.rewards.get(heard.version)
    if ready and learning(ready, history):
        # Whatever is planned: of a version that was made again this stage is told once more.
        await services.bucket.delete(expendable(spec, ready, history))
    return next_step(spec, heard, history)


async def _known(spec: RunSpec, heard: Heard, services: Services) -> History:
    """`heard`, and what the log tells of the steps from there."""
    known = filters(spec, heard) + subjects.of_version(heard.run, pruned(spec, heard.version))
    said = await services.facts.read(*subjects.of_life(heard.run), *known)
    history = fold(said)
    if isinstance(heard, RewardsReady):
        history.rewards[heard.version] = heard
    else:
        history.policies[heard.version] = heard
    return history
