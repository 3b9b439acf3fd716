"""A2C's settings, its checks of them, and its plan. Data alone: no NumPy, no JAX."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from faastraingym.algorithms.api import LearningPlan, anneal, samples
from faastraingym.schemas.specification import (
    AlgorithmSpec,
    Annealing,
    Fraction,
    NonNegative,
    RunSpec,
)


class A2C(AlgorithmSpec, frozen=True, kw_only=True, tag_field="name", tag="a2c"):
    """Advantage actor-critic (Mnih et al. 2016, arXiv 1602.01783): one step for each batch."""

    learning_rate: Annotated[float, Meta(gt=0, description="the optimizer's step size")] = 7e-4
    learning_rate_schedule: Annotated[
        Annealing, Meta(description="linear: down to 0 at the horizon of stop")
    ] = "constant"
    optimizer: Annotated[
        Literal["rmsprop", "adam"], Meta(description="rmsprop: decay 0.99, as in the paper")
    ] = "rmsprop"
    gamma: Annotated[Fraction, Meta(description="discount")] = 0.99
    gae_lambda: Annotated[Fraction, Meta(description="1: n-step returns, as in the paper")] = 1.0
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
    # Left out where it is not given: specifications of older releases keep their bytes.
    rescale_actions: (
        Annotated[
            bool,
            Meta(
                description="continuous actions: -1 to 1 are stretched to the bounds of elements"
                " that have two; otherwise, the default, actions are clipped to their bounds"
            ),
        ]
        | UnsetType
    ) = UNSET


Specification = A2C
ACTIONS = ("Discrete", "MultiDiscrete", "MultiBinary", "Box")


def problems(spec: RunSpec) -> Iterator[str]:
    """Settings that would make all advantages of a batch zero, or bias them."""
    settings: Any = spec.algorithm
    if settings.normalize_advantages and samples(spec) == 1:
        yield (
            "spec.algorithm.normalize_advantages: found true of 1 sample; allowed: false, or at "
            "least 2 samples in an update (threshold x num_steps x num_envs)"
        )
    if spec.rollout.max_policy_lag:
        yield (
            f"spec.rollout.max_policy_lag: found {spec.rollout.max_policy_lag}; allowed: 0, for "
            "A2C does not correct for a policy that acts and is not the one that learns"
        )


def plan(spec: RunSpec, progress: float) -> LearningPlan:
    """An annealed learning rate, and one gradient step."""
    settings: Any = spec.algorithm
    rate = anneal(settings.learning_rate, settings.learning_rate_schedule, progress)
    return LearningPlan(
        coefficients={"learning_rate": rate, "ent_coef": settings.ent_coef}, gradient_steps=1
    )


def replayed_versions(spec: RunSpec) -> int:
    """No versions: A2C is on-policy."""
    return 0
