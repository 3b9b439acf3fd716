"""update-policy (Execute): the JAX update; commits the next version and starts its rollouts.

A version's learner state is committed by a conditional write; the policy is a projection of
the stored state. So a second delivery, or a second learner, cannot fork the run.
"""

import asyncio
import hashlib
import logging
import os

from msgspec import UNSET
from msgspec.structs import replace

from faastraingym.adapters.settings import memory_mb
from faastraingym.adapters.stage import evaluated, parents
from faastraingym.adapters.stage.datasets import begin
from faastraingym.adapters.stage.manifests import specification
from faastraingym.adapters.stage.payloads import dump, load
from faastraingym.adapters.stage.platform import describe
from faastraingym.adapters.stage.replayed import fill
from faastraingym.adapters.stage.spans import span
from faastraingym.adapters.stage.stage import Outgoing, stage
from faastraingym.algorithms import registry, shape_checks
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.replay.ring import Ring, rows
from faastraingym.algorithms.replay.window import window
from faastraingym.events.pipeline import follow_ups
from faastraingym.events.ports import Services
from faastraingym.schemas import keys
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.messages import PolicyUpdated, RunStarted, UpdatePolicy
from faastraingym.schemas.payloads import LearnerState, Rewards, Trajectory
from faastraingym.schemas.references import ObjectRef, PolicyRef
from faastraingym.schemas.specification import RunSpec

from . import compiling
from .warm_windows import WarmWindows

logger = logging.getLogger(__name__)
WINDOWS = WarmWindows(memory_mb())
registry.load_learners()
compiling.tell()
compiling.unpack(compiling.BROUGHT, os.environ.get("JAX_COMPILATION_CACHE_DIR"))


@stage(RunStarted, UpdatePolicy)
async def handle(message: RunStarted | UpdatePolicy, services: Services) -> Outgoing:
    """Policy version 0 of a started run, or the version after `message.policy`."""
    spec = await specification(services, message.manifest)
    if spec.evaluate is not UNSET:
        return await _copy(message, spec, services)
    check_threads(spec, os.environ.get("NPROC"))
    if isinstance(message, RunStarted):
        return await _initialise(message, spec, services)
    return await _update(message, spec, services)


def check_threads(spec: RunSpec, nproc: str | None) -> None:
    """XLA splits sums by its thread count, so the specification has that count.

    Raises:
        RunFault: this learner runs with another one.
    """
    if nproc != str(spec.learner.threads):
        raise RunFault(
            f"spec.learner.threads is {spec.learner.threads}, but the learner runs with NPROC="
            f"{nproc or 'unset'}; deploy update-policy with FTG_LEARNER_THREADS="
            f"{spec.learner.threads}, or change the specification"
        )


async def _initialise(message: RunStarted, spec: RunSpec, services: Services) -> Outgoing:
    if message.copied is UNSET:
        with span("update"):
            state = await asyncio.to_thread(registry.learner(spec).initialise, spec)
        state, episodes = await parents.begin(spec, state, services), 0
    else:
        data = await services.objects.get(message.copied.learner)
        copied = shape_checks.learner(spec, load(data, LearnerState))
        state, episodes = replace(copied, version=0), message.copied.episodes
    for advice in spaces.advice(spec):
        logger.warning("advice", extra={"why": advice})
    committed = await _commit(message.run, spec, state, episodes, services)
    updated = PolicyUpdated(
        run=message.run,
        manifest=message.manifest,
        policy=committed,
        rollouts=spec.rollout.count,
        evaluate=spec.init_from is not UNSET,  # else nothing has been learnt yet
        platform=describe() | {"device": compiling.device()},
    )
    return [updated, *follow_ups.fan_out(updated, spec, [])]


async def _copy(message: RunStarted | UpdatePolicy, spec: RunSpec, services: Services) -> Outgoing:
    """The policy that a run evaluates, as its version 0, which is its last one."""
    if not isinstance(message, RunStarted):
        raise RunFault(f"run {message.run} evaluates a policy, and learns nothing")
    updated = PolicyUpdated(
        run=message.run,
        manifest=message.manifest,
        policy=await evaluated.commit(message.run, spec, services),
        rollouts=0,
        evaluate=True,
        platform=describe() | {"device": compiling.device()},
    )
    return [updated, *follow_ups.fan_out(updated, spec, [])]


async def _update(command: UpdatePolicy, spec: RunSpec, services: Services) -> Outgoing:
    state, batch, rewards = await asyncio.gather(
        services.objects.get(command.policy.learner),
        asyncio.gather(*(services.objects.get(ref.object) for ref in command.batch)),
        _rewards(command.rewards, services),
    )
    before = shape_checks.learner(spec, load(state, LearnerState))
    trajectories = [load(trajectory, Trajectory) for trajectory in batch]
    shape_checks.batch(spec, trajectories, rewards)
    replay = await _window(command, spec, trajectories, rewards, services)
    with span("update"):
        update = registry.learner(spec).update
        arguments = (spec, before, trajectories, rewards, command.schedule, replay)
        state_after, metrics = await asyncio.to_thread(update, *arguments)
    if replay is not None:
        WINDOWS.keep(command.manifest, replay)
    updated = PolicyUpdated(
        run=command.run,
        manifest=command.manifest,
        policy=await _commit(command.run, spec, state_after, command.episodes, services),
        rollouts=command.schedule.rollouts,
        evaluate=command.schedule.evaluate,
        metrics=metrics | staleness(spec, before.version, trajectories),
    )
    return [updated, *follow_ups.fan_out(updated, spec, command.batch, command.schedule.lag)]


def staleness(spec: RunSpec, version: int, batch: list[Trajectory]) -> dict[str, float]:
    """Updates between the policies that collected `batch` and the version that learns from it.

    Nothing without a policy lag, where it would be 0.
    """
    if not spec.rollout.max_policy_lag:
        return {}
    behind = [version - trajectory.version for trajectory in batch]
    return {"staleness_mean": sum(behind) / len(behind), "staleness_max": float(max(behind))}


async def _window(
    command: UpdatePolicy,
    spec: RunSpec,
    batch: list[Trajectory],
    rewards: list | None,
    services: Services,
) -> Ring | None:
    """The transitions to sample; of a warm replica all but the batch are here already."""
    versions = command.schedule.replay
    if versions is None:
        return None
    ring = WINDOWS.take(command.manifest, rows(spec))
    ring.write(versions.last, batch, rewards)
    await fill(spec, command.run, versions, ring, services)
    await begin(spec, window(spec, versions).versions, ring, services.bucket)
    return ring


async def _commit(
    run: str, spec: RunSpec, state: LearnerState, episodes: int, services: Services
) -> PolicyRef:
    """Store the state and its policy; if another learner's state was first, that one's policy."""
    objects, place = services.objects, keys.policy(run, state.version)
    project = registry.learner(spec).project
    data, projected = dump(state), dump(project(state))
    learner, policy = await asyncio.gather(
        objects.put(keys.learner(run, state.version), data), objects.put(place, projected)
    )
    if learner.sha256 != _sha256(data):
        state = load(await objects.get(learner), LearnerState)
        projected = dump(project(state))
    if policy.sha256 != _sha256(projected):
        policy = await objects.replace(place, projected)
    return PolicyRef(
        version=state.version,
        policy=policy,
        learner=learner,
        env_steps=state.env_steps,
        episodes=episodes,
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def _rewards(ref: ObjectRef | None, services: Services) -> list | None:
    return None if ref is None else load(await services.objects.get(ref), Rewards).rewards
