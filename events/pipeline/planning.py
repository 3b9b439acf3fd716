"""What comes next: the algorithm's plan, the next fan-out, evaluation, the end of the budget."""

from typing import NamedTuple

from msgspec.structs import replace

from faastraingym.algorithms import registry
from faastraingym.algorithms.api import LearningPlan
from faastraingym.events.pipeline.history import History
from faastraingym.schemas.messages import (
    RewardsReady,
    RunResumed,
    UpdatePlan,
    UpdatePolicy,
    VersionRange,
)
from faastraingym.schemas.references import PolicyRef
from faastraingym.schemas.specification import RunSpec, StopSpec


class Opening(NamedTuple):
    """What is promised together with policy version 0."""

    rollouts: int
    evaluate: bool


def opening(spec: RunSpec) -> Opening:
    """The first fan-out. Nothing has been learnt yet, so there is nothing to evaluate."""
    return Opening(rollouts=spec.rollout.count, evaluate=False)


def on_segment(spec: RunSpec, resumed: RunResumed | None) -> RunSpec:
    """`spec` with the budget and the target of a segment.

    Its schedules anneal as they always would have: a run that stopped half-way and went on equals
    one that never stopped.
    """
    if resumed is None:
        return spec
    stop = StopSpec(
        env_steps=resumed.env_steps, target=resumed.target, horizon=spec.stop.annealing_steps
    )
    return replace(spec, stop=stop)


def acting(spec: RunSpec, version: int) -> int:
    """The policy version that collects the batch from which `version` learns."""
    return max(0, version - spec.rollout.max_policy_lag)


def learning(ready: RewardsReady, history: History) -> PolicyRef | None:
    """The policy that learns from `ready`; None where the log does not know it, or not yet."""
    if not ready.lag:
        return ready.policy
    updated = history.policies.get(ready.version)
    return updated.policy if updated else None


def plan(spec: RunSpec, before: PolicyRef, ready: RewardsReady) -> UpdatePolicy:
    """The update of `before` that its rewards call for."""
    return UpdatePolicy(
        run=ready.run,
        manifest=ready.manifest,
        policy=before,
        batch=ready.batch,
        rewards=ready.rewards,
        env_steps=ready.env_steps,
        episodes=before.episodes + ready.episodes.episodes,
        schedule=update_plan(spec, before.version, before.env_steps, ready.env_steps),
    )


def update_plan(
    spec: RunSpec, version: int, env_steps_before: int, batch_env_steps: int
) -> UpdatePlan:
    """The plan of the update that turns `version` into `version + 1`.

    Args:
        spec: the run.
        version: the policy version that learns from the batch.
        env_steps_before: environment steps that earlier updates learnt from.
        batch_env_steps: environment steps of this batch.
    """
    learning = learning_plan(spec, env_steps_before)
    last = env_steps_before + batch_env_steps >= spec.stop.env_steps
    return UpdatePlan(
        coefficients=dict(learning.coefficients),
        gradient_steps=learning.gradient_steps,
        replay=replay_window(spec, version),
        rollouts=0 if last else spec.rollout.count,
        evaluate=last or is_evaluated(spec, version + 1),
        lag=spec.rollout.max_policy_lag,
    )


def learning_plan(spec: RunSpec, env_steps: int) -> LearningPlan:
    """What the algorithm plans of a version that has learnt from `env_steps` environment steps."""
    return registry.rules(spec).plan(spec, env_steps / spec.stop.annealing_steps)


def replay_window(spec: RunSpec, version: int) -> VersionRange | None:
    """The versions whose trajectories the update of `version` samples; None: its batch alone."""
    replayed = registry.rules(spec).replayed_versions(spec)
    return VersionRange(first=max(0, version - replayed), last=version) if replayed else None


def is_evaluated(spec: RunSpec, version: int) -> bool:
    """Whether a version that is not the last one is evaluated."""
    return version > 0 and version % spec.evaluation.every == 0
