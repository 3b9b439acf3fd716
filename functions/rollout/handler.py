"""rollout (Measure): runs environments under one policy version and stores the trajectory."""

import asyncio

from faastraingym.adapters.settings import memory_mb
from faastraingym.adapters.stage import threads
from faastraingym.adapters.stage.manifests import specification
from faastraingym.adapters.stage.payloads import dump, load
from faastraingym.adapters.stage.spans import split_spans
from faastraingym.adapters.stage.stage import stage
from faastraingym.algorithms import shape_checks
from faastraingym.algorithms.actors import episodes
from faastraingym.algorithms.actors.collect import collect_from
from faastraingym.algorithms.actors.initial_state import beginning
from faastraingym.algorithms.actors.step_loop import Start
from faastraingym.events.pipeline.planning import learning_plan
from faastraingym.events.ports import Messages, Services
from faastraingym.schemas import keys
from faastraingym.schemas.messages import CollectRollout, RolloutCompleted
from faastraingym.schemas.payloads import Policy, Trajectory
from faastraingym.schemas.references import TrajectoryRef
from faastraingym.schemas.specification import RunSpec

from .warm_environments import WarmEnvironments

WARM = WarmEnvironments(memory_mb())


@stage(CollectRollout, acts=True)
async def handle(command: CollectRollout, services: Services) -> Messages:
    """One trajectory; a retry collects the same one, bit for bit."""
    spec, policy = await asyncio.gather(
        specification(services, command.manifest), services.objects.get(command.policy.policy)
    )
    threads.check(spec.environment)
    kept = WARM.take(command.manifest, command.previous.object) if command.previous else None
    before = None if kept else await _trajectory(services, command.previous)
    previous = None if before is None else shape_checks.continued(spec, before)
    actor = shape_checks.policy(spec, load(policy, Policy))
    trajectory, end = await asyncio.to_thread(_collect, spec, actor, command, kept, previous)
    data = dump(trajectory)
    stored = await services.objects.put(
        keys.trajectory(command.run, command.version, command.index), data
    )
    # Environments are not cached if another rollout had stored its trajectory first.
    if _is_kept(spec, command) and await services.objects.get(stored) == data:
        WARM.keep(command.manifest, stored, end)
    return [
        RolloutCompleted(
            run=command.run,
            manifest=command.manifest,
            policy=command.policy,
            trajectory=TrajectoryRef(version=command.version, index=command.index, object=stored),
            env_steps=episodes.env_steps(trajectory),
            episodes=episodes.summary(trajectory.episode_returns, trajectory.episode_lengths),
        )
    ]


def _is_kept(spec: RunSpec, command: CollectRollout) -> bool:
    """A slot's first rollout is not: its next one is restored, which shows once whether its
    environments repeat the same bits; those whose memory is declared need not.
    """
    is_first = command.previous is None and spec.environment.memory != "declared"
    return spec.rollout.horizon == "steps" and not is_first


def _collect(
    spec: RunSpec,
    policy: Policy,
    command: CollectRollout,
    kept: Start | None,
    previous: Trajectory | None,
) -> tuple[Trajectory, Start]:
    with split_spans("environment", "policy") as watch:
        start = kept or watch.time(beginning, spec, command.version, command.index, previous)
        exploration = learning_plan(spec, command.policy.env_steps).exploration
        return collect_from(start, spec, policy, command.index, watch, exploration)


async def _trajectory(services: Services, ref: TrajectoryRef | None) -> Trajectory | None:
    return None if ref is None else load(await services.objects.get(ref.object), Trajectory)
