"""IMPALA's settings, its checks of them, and its plan. Data alone: no NumPy, no JAX."""

from collections.abc import Iterator
from typing import Annotated, Any

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


class IMPALA(AlgorithmSpec, frozen=True, kw_only=True, tag_field="name", tag="impala"):
    """V-trace actor-critic (Espeholt et al. 2018, arXiv 1802.01561): one step for each batch."""

    learning_rate: types.SingleStepRate = 7e-4
    learning_rate_schedule: types.LearningRateSchedule = "constant"
    optimizer: types.SingleStepOptimizer = "rmsprop"
    gamma: types.Discount = 0.99
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
    ent_coef: types.EntCoef = 0.0
    vf_coef: types.VfCoef = 0.5
    max_grad_norm: types.MaxGradNorm = 0.5
    normalize_advantages: types.NormalizeBatch = False
    normalize_observations: types.NormalizeObservations = False
    hidden_sizes: types.HiddenSizes = (64, 64)
    activation: types.Activation = "tanh"
    network: types.ActorCriticNetwork = UNSET
    log_std_init: types.LogStdInit = 0.0
    rescale_actions: types.RescaleActions = False
    # Left out where it is not given: specifications of older releases keep their bytes.
    recurrent: types.Recurrent | UnsetType = UNSET


Specification = IMPALA
plan = single_step_plan


def problems(spec: RunSpec) -> Iterator[str]:
    """Truncations for which V-trace is not defined, and advantages that would all be zero."""
    settings: Any = spec.algorithm
    if settings.c_bar > settings.rho_bar:
        yield (
            f"spec.algorithm.c_bar: found {settings.c_bar:g}; allowed: rho_bar, "
            f"{settings.rho_bar:g}, at most, as V-trace is defined"
        )
    yield from single_step_problems(spec)
