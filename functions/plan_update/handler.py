"""plan-update (Plan): the batch, the schedules, the next fan-out and evaluation, or the end."""

from adapters.manifests import specification
from adapters.stage import stage
from algorithms import planning
from events import subjects
from events.commands import Invocation
from events.ports import Services
from schemas.messages import (
    RewardsReady,
    RunCompleted,
    RunFailed,
    StopRequested,
    UpdatePolicy,
)
from schemas.specification import RunSpec

ENDS = (RunCompleted, RunFailed, StopRequested)


@stage(RewardsReady)
async def handle(ready: RewardsReady, services: Services) -> list[UpdatePolicy | Invocation]:
    """The update to make, unless the run has ended meanwhile or somebody asked for its end."""
    spec = await specification(services, ready.manifest)
    said = await services.facts.read(*(subjects.of_kind(kind, ready.run) for kind in ENDS))
    ends = [record.fact for record in said]
    if ends and all(isinstance(fact, StopRequested) for fact in ends):  # it came before version 0
        return [Invocation("conclude-run", ends[0])]
    return [] if ends else [plan(spec, ready)]


def plan(spec: RunSpec, ready: RewardsReady) -> UpdatePolicy:
    """The update that a version's rewards call for."""
    before = ready.policy
    return UpdatePolicy(
        run=ready.run,
        manifest=ready.manifest,
        policy=before,
        batch=ready.batch,
        rewards=ready.rewards,
        env_steps=ready.env_steps,
        episodes=before.episodes + ready.episodes.episodes,
        schedule=planning.schedule(spec, before.version, before.env_steps, ready.env_steps),
    )
