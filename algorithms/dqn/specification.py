"""DQN's settings, its checks of them, and its plan. Data alone: no NumPy, no JAX."""

from collections.abc import Iterator
from typing import Annotated, cast

from msgspec import UNSET, Meta

from faastraingym.algorithms import setting_types as types
from faastraingym.algorithms.api import LearningPlan, anneal
from faastraingym.algorithms.replay import specification as replay
from faastraingym.algorithms.replay.specification import ReplaySpec, replayed_versions
from faastraingym.schemas.specification import Fraction, Positive, RunSpec

__all__ = ["ACTIONS", "Specification", "plan", "problems", "replayed_versions"]


class DQN(ReplaySpec, frozen=True, kw_only=True, tag_field="name", tag="dqn"):
    """Deep Q-learning (Mnih et al. 2015, doi 10.1038/nature14236)."""

    learning_rate: Annotated[float, Meta(gt=0, description="Adam's step size")] = 1e-4
    learning_rate_schedule: types.LearningRateSchedule = "constant"
    gamma: types.Discount = 0.99
    double: Annotated[
        bool, Meta(description="the learning network chooses the action that the target values")
    ] = False
    dueling: Annotated[bool, Meta(description="the state's value and advantages, apart")] = False
    target_update_interval: Annotated[
        Positive, Meta(description="gradient steps between updates of the target network")
    ] = 500
    tau: Annotated[
        float, Meta(gt=0, le=1, description="the target's part of the network then; 1: a copy")
    ] = 1.0
    exploration_initial: Annotated[Fraction, Meta(description="epsilon at first")] = 1.0
    exploration_final: Annotated[Fraction, Meta(description="epsilon in the end")] = 0.05
    exploration_fraction: Annotated[
        float, Meta(gt=0, le=1, description="of the horizon of stop, in which epsilon falls")
    ] = 0.1
    max_grad_norm: types.MaxGradNorm = 10.0
    hidden_sizes: types.HiddenSizes = (64, 64)
    activation: types.Activation = "relu"
    network: types.Network = UNSET


Specification = DQN
ACTIONS = ("Discrete",)


def problems(spec: RunSpec) -> Iterator[str]:
    """What replay cannot do, and an epsilon that would grow."""
    yield from replay.problems(spec)
    settings = cast(DQN, spec.algorithm)
    if settings.exploration_final > settings.exploration_initial:
        yield (
            f"spec.algorithm.exploration_final: found {settings.exploration_final}; allowed: at "
            f"most {settings.exploration_initial}, where epsilon begins "
            "(spec.algorithm.exploration_initial)"
        )


def plan(spec: RunSpec, progress: float) -> LearningPlan:
    """The learning rate, the correction of priorities, epsilon and the gradient steps."""
    settings = cast(DQN, spec.algorithm)
    return LearningPlan(
        coefficients=replay.coefficients(spec, progress),
        exploration={"epsilon": _epsilon(settings, progress)},
        gradient_steps=replay.gradient_steps(spec, progress),
    )


def _epsilon(settings: DQN, progress: float) -> float:
    final = settings.exploration_final
    above = settings.exploration_initial - final
    return final + anneal(above, "linear", progress / settings.exploration_fraction)
