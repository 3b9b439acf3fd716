"""IMPALA's settings, its checks of them, and its plan. Data alone: no NumPy, no JAX."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta

from faastraingym.algorithms.api import LearningPlan, anneal, samples
from faastraingym.schemas.specification import (
    AlgorithmSpec,
    Annealing,
    Fraction,
    NonNegative,
    RunSpec,
)


class IMPALA(AlgorithmSpec, frozen=True, kw_only=True, tag_field="name", tag="impala"):
    """V-trace actor-critic (Espeholt et al. 2018, arXiv 1802.01561): one step for each batch."""

    learning_rate: Annotated[float, Meta(gt=0, description="the optimizer's step size")] = 7e-4
    learning_rate_schedule: Annotated[
        Annealing, Meta(description="linear: down to 0 at the horizon of stop")
    ] = "constant"
    optimizer: Annotated[
        Literal["rmsprop", "adam"], Meta(description="rmsprop: decay 0.99, as in the paper")
    ] = "rmsprop"
    gamma: Annotated[Fraction, Meta(description="discount")] = 0.99
    rho_bar: Annotated[
        float,
        Meta(gt=0, description="policy ratios count as this at most: towards which policy V goes"),
    ] = 1.0
    c_bar: Annotated[
        float,
        Meta(gt=0, description="the same in traces: how much later steps may add to the variance"),
    ] = 1.0
    vtrace_lambda: Annotated[
        Fraction, Meta(description="0: one step; 1: n-step returns, as in the paper")
    ] = 1.0
    ent_coef: Annotated[NonNegative, Meta(description="of the entropy, which explores")] = 0.0
    vf_coef: Annotated[NonNegative, Meta(description="of the value loss")] = 0.5
    max_grad_norm: Annotated[float, Meta(gt=0, description="longer gradients are cut")] = 0.5
    normalize_advantages: Annotated[bool, Meta(description="per batch")] = False
    normalize_observations: Annotated[bool, Meta(description="by running statistics")] = False
    hidden_sizes: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=4096)], ...], Meta(description="of the hidden layers")
    ] = (64, 64)
    activation: Annotated[Literal["tanh", "relu"], Meta(description="of hidden layers")] = "tanh"
    log_std_init: Annotated[float, Meta(description="continuous actions: log deviation")] = 0.0
    rescale_actions: Annotated[
        bool,
        Meta(
            description="continuous actions: -1 to 1 are stretched to the bounds of elements that"
            " have two; otherwise actions are clipped to their bounds"
        ),
    ] = False


Specification = IMPALA
ACTIONS = ("Discrete", "MultiDiscrete", "MultiBinary", "Box")


def problems(spec: RunSpec) -> Iterator[str]:
    """Truncations for which V-trace is not defined, and advantages that would all be zero."""
    settings: Any = spec.algorithm
    if settings.c_bar > settings.rho_bar:
        yield (
            f"spec.algorithm.c_bar: found {settings.c_bar:g}; allowed: rho_bar, "
            f"{settings.rho_bar:g}, at most, as V-trace is defined"
        )
    if settings.normalize_advantages and samples(spec) == 1:
        yield (
            "spec.algorithm.normalize_advantages: found true of 1 sample; allowed: false, or at "
            "least 2 samples in an update (threshold x num_steps x num_envs)"
        )


def plan(spec: RunSpec, progress: float) -> LearningPlan:
    """An annealed learning rate, and one gradient step."""
    settings: Any = spec.algorithm
    rate = anneal(settings.learning_rate, settings.learning_rate_schedule, progress)
    return LearningPlan(
        coefficients={"learning_rate": rate, "ent_coef": settings.ent_coef}, gradient_steps=1
    )


def replayed_versions(spec: RunSpec) -> int:
    """No versions: every trajectory is learnt from once."""
    return 0
