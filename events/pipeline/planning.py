"""The plan of an update: the algorithm's own, the next fan-out, evaluation, the budget's end."""

from msgspec.structs import replace

from faastraingym.algorithms import registry
from faastraingym.algorithms.api import LearningPlan
from faastraingym.events.pipeline.history import History
from faastraingym.schemas import messages as m
from faastraingym.schemas.references import PolicyRef
from faastraingym.schemas.specification import RunSpec, StopSpec


def on_segment(spec: RunSpec, resumed: m.RunResumed | None) -> RunSpec:
    """`spec` with the budget and the target of a segment.

    Schedules anneal as before, so a run that was stopped and resumed equals one that never stopped.
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


def learning(ready: m.RewardsReady, history: History) -> PolicyRef | None:
    """The policy that learns from `ready`; None if the log does not have it."""
    if not ready.lag:
        return ready.policy
    updated = history.policies.get(ready.version)
    return updated.policy if updated else None


def plan(spec: RunSpec, before: PolicyRef, ready: m.RewardsReady) -> m.UpdatePolicy:
    """The update of the policy `before` by the batch `ready`."""
    return m.UpdatePolicy(
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
) -> m.UpdatePlan:
    """The plan of the update that turns `version` into `version + 1`.

    `env_steps_before` are the environment steps that earlier updates learnt from.
    """
    learning = learning_plan(spec, env_steps_before)
    last = env_steps_before + batch_env_steps >= spec.stop.env_steps
    return m.UpdatePlan(
        coefficients=dict(learning.coefficients),
        gradient_steps=learning.gradient_steps,
        replay=replay_window(spec, version),
        rollouts=0 if last else spec.rollout.count,
        evaluate=last or is_evaluated(spec, version + 1),
        lag=spec.rollout.max_policy_lag,
    )


def learning_plan(spec: RunSpec, env_steps: int) -> LearningPlan:
    """The algorithm's plan for a version that has learnt from `env_steps` environment steps."""
    return registry.rules(spec).plan(spec, env_steps / spec.stop.annealing_steps)


def replay_window(spec: RunSpec, version: int) -> m.VersionRange | None:
    """The versions whose trajectories the update of `version` samples; None: its batch alone."""
    replayed = registry.rules(spec).replayed_versions(spec)
    return m.VersionRange(first=max(0, version - replayed), last=version) if replayed else None


def is_evaluated(spec: RunSpec, version: int) -> bool:
    """Whether a version that is not the last one is evaluated."""
    return version > 0 and version % spec.evaluation.every == 0
