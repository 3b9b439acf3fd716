"""What comes next: annealed coefficients, the next fan-out, evaluation, the end of the budget."""

from typing import NamedTuple

from msgspec.structs import replace

from faastraingym.events.pipeline.history import History
from faastraingym.schemas.messages import RewardsReady, RunResumed, Schedule, UpdatePolicy
from faastraingym.schemas.references import PolicyRef
from faastraingym.schemas.specification import Annealing, RunSpec, StopSpec


class Opening(NamedTuple):
    """What is promised together with policy version 0."""

    rollouts: int
    evaluate: bool


def opening(spec: RunSpec) -> Opening:
    """The first fan-out. Nothing has been learnt yet, so there is nothing to evaluate."""
    return Opening(rollouts=spec.rollout.count, evaluate=False)


def on_leg(spec: RunSpec, resumed: RunResumed | None) -> RunSpec:
    """`spec` with the budget and the target of a leg.

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
        schedule=schedule(spec, before.version, before.env_steps, ready.env_steps),
    )


def schedule(spec: RunSpec, version: int, env_steps_before: int, batch_env_steps: int) -> Schedule:
    """The plan of the update that turns `version` into `version + 1`.

    Args:
        spec: the run.
        version: the policy version that learns from the batch.
        env_steps_before: environment steps that earlier updates learnt from.
        batch_env_steps: environment steps of this batch.
    """
    settings = spec.algorithm
    progress = env_steps_before / spec.stop.annealing_steps
    last = env_steps_before + batch_env_steps >= spec.stop.env_steps
    return Schedule(
        learning_rate=anneal(settings.learning_rate, settings.learning_rate_schedule, progress),
        clip_coef=anneal(settings.clip_coef, settings.clip_coef_schedule, progress),
        ent_coef=settings.ent_coef,
        rollouts=0 if last else spec.rollout.count,
        evaluate=last or is_evaluated(spec, version + 1),
        lag=spec.rollout.max_policy_lag,
    )


def is_evaluated(spec: RunSpec, version: int) -> bool:
    """Whether a version that is not the last one is evaluated."""
    return version > 0 and version % spec.evaluation.every == 0


def anneal(initial: float, annealing: Annealing, progress: float) -> float:
    """`initial`, or its linear way down to 0 at `progress` 1."""
    return initial if annealing == "constant" else initial * max(0.0, 1.0 - progress)
