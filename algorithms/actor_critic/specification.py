"""What specifications of actor-critics share: checks and plans. Data alone: no NumPy, no JAX."""

from collections.abc import Iterator
from typing import Any

from faastraingym.algorithms.api import LearningPlan, anneal, samples
from faastraingym.schemas.specification import RecurrentSpec, RunSpec

ACTIONS = ("Discrete", "MultiDiscrete", "MultiBinary", "Box")


def replayed_versions(spec: RunSpec) -> int:
    """No versions: a trajectory is learnt from once."""
    return 0


def single_step_plan(spec: RunSpec, progress: float) -> LearningPlan:
    """An annealed learning rate, and one gradient step."""
    settings: Any = spec.algorithm
    rate = anneal(settings.learning_rate, settings.learning_rate_schedule, progress)
    return LearningPlan(
        coefficients={"learning_rate": rate, "ent_coef": settings.ent_coef}, gradient_steps=1
    )


def recurrent_problems(spec: RunSpec) -> Iterator[str]:
    """A burn-in that leaves nothing to learn from, or none where the state is known to be 0."""
    cell, rollout = spec.algorithm.recurrent, spec.rollout
    if not isinstance(cell, RecurrentSpec) or not cell.burn_in:
        return
    where = f"spec.algorithm.recurrent.burn_in: found {cell.burn_in}; allowed: "
    if rollout.horizon == "episodes":
        yield f"{where}0, for whole episodes begin with a state of 0, which nothing has to renew"
    elif cell.burn_in >= rollout.num_steps:
        yield (
            f"{where}less than rollout.num_steps, {rollout.num_steps}: the steps after it are "
            "learnt from"
        )


def single_step_problems(spec: RunSpec) -> Iterator[str]:
    """A batch of one sample, whose advantages normalisation would make zero."""
    yield from recurrent_problems(spec)
    settings: Any = spec.algorithm
    if settings.normalize_advantages and learnt(spec) == 1:
        yield (
            "spec.algorithm.normalize_advantages: found true of 1 sample; allowed: false, or at "
            "least 2 samples in an update (threshold x num_steps x num_envs)"
        )


def learnt(spec: RunSpec) -> int | None:
    """Samples of an update that it learns from: without those of a burn-in."""
    found, cell = samples(spec), spec.algorithm.recurrent
    if found is None or not isinstance(cell, RecurrentSpec):
        return found
    return found // spec.rollout.num_steps * max(0, spec.rollout.num_steps - cell.burn_in)
