"""What comes next: annealed coefficients, the next fan-out, evaluation, the end of the budget."""

from typing import NamedTuple

from schemas.messages import Schedule
from schemas.specification import Annealing, RunSpec


class Opening(NamedTuple):
    """What is promised together with policy version 0."""

    rollouts: int
    evaluate: bool


def opening(spec: RunSpec) -> Opening:
    """The first fan-out. Nothing has been learnt yet, so there is nothing to evaluate."""
    return Opening(rollouts=spec.rollout.count, evaluate=False)


def schedule(spec: RunSpec, version: int, env_steps_before: int, batch_env_steps: int) -> Schedule:
    """The plan of the update that turns `version` into `version + 1`.

    Args:
        spec: the run.
        version: the policy version that collected the batch.
        env_steps_before: environment steps that earlier updates learnt from.
        batch_env_steps: environment steps of this batch.
    """
    budget, settings = spec.stop.env_steps, spec.algorithm
    progress = env_steps_before / budget
    last = env_steps_before + batch_env_steps >= budget
    return Schedule(
        learning_rate=anneal(settings.learning_rate, settings.learning_rate_schedule, progress),
        clip_coef=anneal(settings.clip_coef, settings.clip_coef_schedule, progress),
        ent_coef=settings.ent_coef,
        rollouts=0 if last else spec.rollout.count,
        evaluate=last or (version + 1) % spec.evaluation.every == 0,
    )


def anneal(initial: float, annealing: Annealing, progress: float) -> float:
    """`initial`, or its linear way down to 0 at `progress` 1."""
    return initial if annealing == "constant" else initial * max(0.0, 1.0 - progress)
