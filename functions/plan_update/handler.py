"""plan-update (Plan): the batch, the schedules, the next fan-out and evaluation, or the end.

With a policy lag the next fan-out runs beside the update, so a version and the rewards that it
learns from come in any order, and whichever comes last is planned from.
"""

from adapters.manifests import specification
from adapters.stage import stage
from events import promises, subjects
from events.commands import Invocation
from events.history import History, fold
from events.planning import learning, on_leg, plan
from events.ports import Services, Unavailable
from events.recovery import missing
from events.retention import expendable
from schemas.messages import (
    CollectRollout,
    EvaluatePolicy,
    PolicyUpdated,
    RewardsReady,
    RunResumed,
    UpdatePolicy,
)
from schemas.specification import RunSpec

Planned = list[UpdatePolicy | CollectRollout | EvaluatePolicy | Invocation]


@stage(RewardsReady, PolicyUpdated, RunResumed)
async def handle(heard: RewardsReady | PolicyUpdated | RunResumed, services: Services) -> Planned:
    """The update to make, unless it is made or the run has ended; for a resumed run what it needs.

    What no version to come needs is removed, by the specification's rule.
    """
    spec = await specification(services, heard.manifest)
    if isinstance(heard, RunResumed):
        history = fold(await services.facts.read(*subjects.of_run(heard.run)))
        if history.requested is None:
            raise Unavailable(f"the log of run {heard.run} is being said again")
        return [*missing(history, spec)]
    version = heard.version if isinstance(heard, RewardsReady) else heard.policy.version
    known = subjects.of_steps(heard.run, version, spec.rollout.max_policy_lag)
    history = fold(await services.facts.read(*subjects.of_life(heard.run), *known))
    ready = heard if isinstance(heard, RewardsReady) else history.rewards.get(version)
    if ready is None or learning(ready, history) is None:
        return await _nothing_yet(heard.run, version, services)
    # Whatever is planned: of a version that was made again it is told once more, for this alone.
    await services.bucket.delete(expendable(spec, ready, history))
    return next_step(spec, ready, history)


async def _nothing_yet(run: str, version: int, services: Services) -> Planned:
    """Nothing: of a version and its rewards the other one is still to come.

    Raises:
        Unavailable: it has come; both were read from a replica that lags behind the count.
    """
    kinds = (PolicyUpdated, RewardsReady)
    counts = [await services.facts.count(subjects.of_kind(kind, run, version)) for kind in kinds]
    if all(counts):
        raise Unavailable(f"version {version} of run {run} and its rewards were said, not read")
    return []


def next_step(spec: RunSpec, ready: RewardsReady, history: History) -> Planned:
    """The update that `ready` calls for, or the end that somebody asked for.

    With a policy lag the next rollouts too: that the update is made does not mean that they were
    sent, and nothing is planned before there is the version that learns.
    """
    before, following = learning(ready, history), ready.version + 1
    made, collected = following in history.policies, following in history.rewards
    if history.end or before is None or (made and (collected or not spec.rollout.max_policy_lag)):
        return []
    if history.stop:  # it may have come before version 0
        return [Invocation("conclude-run", history.stop)]
    spec = on_leg(spec, history.resumed)
    if before.env_steps >= spec.stop.env_steps:  # resumed to a budget that is spent by now
        return [*promises.evaluation(ready, before, spec)]
    update = plan(spec, before, ready)
    return [*([] if made else [update]), *promises.beside(update)]
