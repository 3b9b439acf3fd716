"""rollout (Measure): runs environments under one policy version and stores the trajectory."""

import asyncio

from adapters.manifests import specification
from adapters.payloads import dump, load
from adapters.spans import parted
from adapters.stage import stage
from algorithms import episodes, fits
from algorithms.collect import collect
from events.ports import Messages, Services
from schemas import keys
from schemas.messages import CollectRollout, RolloutCompleted
from schemas.payloads import Policy, Trajectory
from schemas.references import TrajectoryRef
from schemas.specification import RunSpec


@stage(CollectRollout)
async def handle(command: CollectRollout, services: Services) -> Messages:
    """One trajectory; a retry collects the same one, bit for bit."""
    spec, policy, before = await asyncio.gather(
        specification(services, command.manifest),
        services.objects.get(command.policy.policy),
        _trajectory(services, command.previous),
    )
    previous = None if before is None else fits.continued(spec, before)
    trajectory = await asyncio.to_thread(
        _collect, spec, fits.policy(spec, load(policy, Policy)), command, previous
    )
    stored = await services.objects.put(
        keys.trajectory(command.run, command.version, command.index), dump(trajectory)
    )
    return [
        RolloutCompleted(
            run=command.run,
            manifest=command.manifest,
            policy=command.policy,
            trajectory=TrajectoryRef(version=command.version, index=command.index, object=stored),
            env_steps=episodes.env_steps(trajectory),
            episodes=episodes.summary(trajectory),
        )
    ]


def _collect(
    spec: RunSpec, policy: Policy, command: CollectRollout, previous: Trajectory | None
) -> Trajectory:
    with parted("environment", "policy") as watch:
        return collect(spec, policy, command.index, previous, watch, lag=command.lag)


async def _trajectory(services: Services, ref: TrajectoryRef | None) -> Trajectory | None:
    return None if ref is None else load(await services.objects.get(ref.object), Trajectory)
