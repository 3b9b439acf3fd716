"""A test algorithm's settings and plan: epsilon falls from 1 to 0 over the annealing horizon."""

from collections.abc import Iterator

from faastraingym.algorithms.api import LearningPlan, anneal
from faastraingym.schemas.specification import AlgorithmSpec, RunSpec


class EpsilonGreedy(
    AlgorithmSpec, frozen=True, kw_only=True, tag_field="name", tag="epsilon-greedy"
):
    """The most probable action, or with probability epsilon any action."""

    gamma: float = 0.99
    hidden_sizes: tuple[int, ...] = (4,)
    activation: str = "tanh"


Specification = EpsilonGreedy
ACTIONS = ("Discrete",)


def problems(spec: RunSpec) -> Iterator[str]:
    """None."""
    yield from ()


def replayed_versions(spec: RunSpec) -> int:
    """None."""
    return 0


def plan(spec: RunSpec, progress: float) -> LearningPlan:
    """Epsilon, for the rollouts of a version at `progress`."""
    return LearningPlan(
        coefficients={"learning_rate": 1e-3},
        exploration={"epsilon": anneal(1.0, "linear", progress)},
    )
