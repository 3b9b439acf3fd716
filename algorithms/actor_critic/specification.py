"""What specifications of actor-critics share: checks and plans. Data alone: no NumPy, no JAX."""

from collections.abc import Iterator
from typing import Any

from faastraingym.algorithms.api import LearningPlan, anneal, samples
from faastraingym.schemas.specification import RunSpec

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


def single_step_problems(spec: RunSpec) -> Iterator[str]:
    """A batch of one sample, whose advantages normalisation would make zero."""
    settings: Any = spec.algorithm
    if settings.normalize_advantages and samples(spec) == 1:
        yield (
            "spec.algorithm.normalize_advantages: found true of 1 sample; allowed: false, or at "
            "least 2 samples in an update (threshold x num_steps x num_envs)"
        )
