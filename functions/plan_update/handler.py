"""plan-update (Plan): the batch, the schedules, the next fan-out and evaluation, or the end."""

from adapters.manifests import specification
from adapters.stage import stage
from events import subjects
from events.commands import Invocation
from events.history import History, fold
from events.planning import on_leg, plan
from events.ports import Services, Unavailable
from events.recovery import missing
from events.retention import expendable
from schemas.messages import (
    EvaluatePolicy,
    PolicyUpdated,
    RewardsReady,
    RunResumed,
    UpdatePolicy,
)
from schemas.specification import RunSpec

Planned = list[UpdatePolicy | EvaluatePolicy | Invocation]


@stage(RewardsReady, RunResumed)
async def handle(heard: RewardsReady | RunResumed, services: Services) -> Planned:
    """The update to make, unless it is made or the run has ended; for a resumed run what it needs.

    What no version to come needs is removed, by the specification's rule.
    """
    spec = await specification(services, heard.manifest)
    if isinstance(heard, RunResumed):
        history = fold(await services.facts.read(*subjects.of_run(heard.run)))
        if history.requested is None:
            raise Unavailable(f"the log of run {heard.run} is being said again")
        return [*missing(history, spec)]
    following = subjects.of_kind(PolicyUpdated, heard.run, heard.policy.version + 1)
    history = fold(await services.facts.read(*subjects.of_life(heard.run), following))
    planned = next_step(spec, heard, history)
    if planned:
        await services.bucket.delete(expendable(spec, heard, history))
    return planned


def next_step(spec: RunSpec, ready: RewardsReady, history: History) -> Planned:
    """The update that `ready` calls for, or the end that somebody asked for."""
    if history.end or history.policies:
        return []
    if history.stop:  # it may have come before version 0
        return [Invocation("conclude-run", history.stop)]
    spec = on_leg(spec, history.resumed)
    if ready.policy.env_steps >= spec.stop.env_steps:  # resumed to a budget that is spent by now
        return [EvaluatePolicy(run=ready.run, manifest=ready.manifest, policy=ready.policy)]
    return [plan(spec, ready)]
