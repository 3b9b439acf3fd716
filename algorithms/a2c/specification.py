"""A2C's settings, its checks of them, and its plan. Data alone: no NumPy, no JAX."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from faastraingym.algorithms import setting_types as types
from faastraingym.algorithms.actor_critic.specification import (
    ACTIONS,
    replayed_versions,
    single_step_plan,
    single_step_problems,
)
from faastraingym.schemas.specification import AlgorithmSpec, Fraction, RunSpec

__all__ = ["ACTIONS", "Specification", "plan", "problems", "replayed_versions"]


class A2C(AlgorithmSpec, frozen=True, kw_only=True, tag_field="name", tag="a2c"):
    """Advantage actor-critic (Mnih et al. 2016, arXiv 1602.01783): one step for each batch."""

    learning_rate: types.SingleStepRate = 7e-4
    learning_rate_schedule: types.LearningRateSchedule = "constant"
    optimizer: types.SingleStepOptimizer = "rmsprop"
    gamma: types.Discount = 0.99
    gae_lambda: Annotated[Fraction, Meta(description="1: n-step returns, as in the paper")] = 1.0
    ent_coef: types.EntCoef = 0.0
    vf_coef: types.VfCoef = 0.5
    max_grad_norm: types.MaxGradNorm = 0.5
    normalize_advantages: types.NormalizeBatch = False
    normalize_observations: types.NormalizeObservations = False
    hidden_sizes: types.HiddenSizes = (64, 64)
    activation: types.Activation = "tanh"
    network: types.ActorCriticNetwork = UNSET
    log_std_init: types.LogStdInit = 0.0
    # Left out where it is not given: specifications of older releases keep their bytes.
    rescale_actions: types.RescaleActions | UnsetType = UNSET
    recurrent: types.Recurrent | UnsetType = UNSET


Specification = A2C
plan = single_step_plan


def problems(spec: RunSpec) -> Iterator[str]:
    """Settings that would make all advantages of a batch zero, or bias them."""
    yield from single_step_problems(spec)
    if spec.rollout.max_policy_lag:
        yield (
            f"spec.rollout.max_policy_lag: found {spec.rollout.max_policy_lag}; allowed: 0, for "
            "A2C does not correct for a policy that acts and is not the one that learns"
        )
