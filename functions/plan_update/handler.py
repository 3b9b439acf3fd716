"""plan-update (Plan): the batch, the schedules, the next fan-out and evaluation, or the end.

With a policy lag the next fan-out runs beside the update, so a version and the rewards that it
learns from come in any order, and whichever comes last is planned from.
"""

from faastraingym.adapters.stage.manifests import specification
from faastraingym.adapters.stage.stage import stage
from faastraingym.events.pipeline import follow_ups, subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.pipeline.planning import learning, on_leg, plan
from faastraingym.events.pipeline.recovery import missing
from faastraingym.events.pipeline.retention import expendable, pruned
from faastraingym.events.ports import Services, Unavailable
from faastraingym.schemas.messages import (
    CollectRollout,
    EvaluatePolicy,
    PolicyUpdated,
    RewardsReady,
    RunResumed,
    UpdatePolicy,
)
from faastraingym.schemas.specification import RunSpec

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
    ready, history = await _known(spec, heard, version, services)
    if ready is None or learning(ready, history) is None:
        if not await _other_is_said(heard, version, services):
            return []
        ready, history = await _known(spec, heard, version, services)  # it came meanwhile
    if ready is None or learning(ready, history) is None:
        lacking = f"version {version} of run {heard.run} and its rewards were said, not read"
        raise Unavailable(lacking)  # from a replica that lags behind the count
    # Whatever is planned: of a version that was made again it is told once more, for this alone.
    await services.bucket.delete(expendable(spec, ready, history))
    return next_step(spec, ready, history)


async def _known(
    spec: RunSpec, heard: RewardsReady | PolicyUpdated, version: int, services: Services
) -> tuple[RewardsReady | None, History]:
    """The version's rewards, if the log tells of them, and what else it tells of the step."""
    known = subjects.of_steps(heard.run, version, spec.rollout.max_policy_lag)
    known += subjects.of_version(heard.run, pruned(spec, version))
    history = fold(await services.facts.read(*subjects.of_life(heard.run), *known))
    ready = heard if isinstance(heard, RewardsReady) else history.rewards.get(version)
    return ready, history


async def _other_is_said(
    heard: RewardsReady | PolicyUpdated, version: int, services: Services
) -> bool:
    """Whether of a version and its rewards the one that was not heard is said, too.

    If not, it is said after this count, and so whoever hears it finds both.
    """
    other = PolicyUpdated if isinstance(heard, RewardsReady) else RewardsReady
    return await services.facts.count(subjects.of_kind(other, heard.run, version)) > 0


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
        return [*follow_ups.evaluation(ready, before, spec)]
    update = plan(spec, before, ready)
    return [*([] if made else [update]), *follow_ups.beside(update)]
