"""plan-update (Plan): the batch, the schedules, the next fan-out and evaluation, or the end."""

from adapters.manifests import specification
from adapters.stage import stage
from algorithms import planning
from events import subjects
from events.ports import Messages, Services
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
async def handle(ready: RewardsReady, services: Services) -> Messages:
    """The update to make, unless the run has ended meanwhile."""
    spec = await specification(services, ready.manifest)
    ended = await services.facts.read(*(subjects.of_kind(kind, ready.run) for kind in ENDS))
    return [] if ended else [plan(spec, ready)]


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
