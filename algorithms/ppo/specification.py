"""PPO's settings, its checks of them, and its plan. Data alone: no NumPy, no JAX."""

from collections.abc import Iterator
from typing import Annotated, Any, cast

from msgspec import UNSET, Meta, UnsetType

from faastraingym.algorithms import setting_types as types
from faastraingym.algorithms.actor_critic.specification import (
    ACTIONS,
    learnt,
    recurrent_problems,
    replayed_versions,
)
from faastraingym.algorithms.api import LearningPlan, anneal, samples
from faastraingym.schemas.specification import (
    AlgorithmSpec,
    Annealing,
    Fraction,
    Positive,
    RunSpec,
)

__all__ = ["ACTIONS", "Specification", "plan", "problems", "replayed_versions"]


class PPO(AlgorithmSpec, frozen=True, kw_only=True, tag_field="name", tag="ppo"):
    """Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347)."""

    learning_rate: Annotated[float, Meta(gt=0, description="Adam's step size")] = 3e-4
    learning_rate_schedule: types.LearningRateSchedule = "constant"
    gamma: types.Discount = 0.99
    gae_lambda: Annotated[Fraction, Meta(description="0: one step; 1: whole returns")] = 0.95
    num_minibatches: Annotated[Positive, Meta(description="of a batch, a step each")] = 4
    update_epochs: Annotated[Positive, Meta(description="passes over each batch")] = 10
    clip_coef: Annotated[float, Meta(gt=0, description="policy ratio clip")] = 0.2
    clip_coef_schedule: Annotated[Annealing, Meta(description="as learning_rate_schedule")] = (
        "constant"
    )
    ent_coef: types.EntCoef = 0.0
    vf_coef: types.VfCoef = 0.5
    max_grad_norm: types.MaxGradNorm = 0.5
    normalize_advantages: Annotated[bool, Meta(description="per minibatch")] = True
    normalize_observations: types.NormalizeObservations = False
    hidden_sizes: types.HiddenSizes = (64, 64)
    activation: types.Activation = "tanh"
    network: types.ActorCriticNetwork = UNSET
    log_std_init: types.LogStdInit = 0.0
    # Left out where it is not given: specifications of older releases keep their bytes.
    rescale_actions: types.RescaleActions | UnsetType = UNSET
    recurrent: types.Recurrent | UnsetType = UNSET
    sde_sample_freq: types.SdeSampleFreq | UnsetType = UNSET
    decoupled_weight_max: (
        Annotated[
            float,
            Meta(
                gt=0,
                description="for a lag: the clipped ratio is to the policy before the update,"
                " and that one's ratio to the policy that acted is a weight, which counts as this"
                " at most; default: the clipped ratio is to the policy that acted",
            ),
        ]
        | UnsetType
    ) = UNSET


Specification = PPO


def problems(spec: RunSpec) -> Iterator[str]:
    """A number of minibatches by which the samples of an update, where known, cannot be divided.

    A recurrent policy learns from the sequences of environments, whose number is always known.
    """
    yield from recurrent_problems(spec)
    settings, rollout = cast(Any, spec.algorithm), spec.rollout
    found, what = samples(spec), "samples of an update (threshold x num_steps x num_envs)"
    if settings.recurrent is not UNSET and rollout.needed >= 1:
        found = rollout.needed * spec.environment.num_envs
        what = "sequences of an update (threshold x num_envs) of a recurrent policy"
    minibatches, known = settings.num_minibatches, learnt(spec)
    if found is not None and found % minibatches:
        yield (
            f"spec.algorithm.num_minibatches: found {minibatches}; allowed: a divisor of the "
            f"{found} {what}"
        )
    elif known is not None and known < 2 * minibatches and settings.normalize_advantages:
        yield (
            f"spec.algorithm.num_minibatches: found {minibatches}, so {known // minibatches} "
            f"sample each; allowed: at least 2 of the {known} samples of an update in each "
            "minibatch, or normalize_advantages = false"
        )


def plan(spec: RunSpec, progress: float) -> LearningPlan:
    """Annealed coefficients."""
    settings: Any = spec.algorithm
    return LearningPlan(
        coefficients={
            "learning_rate": anneal(
                settings.learning_rate, settings.learning_rate_schedule, progress
            ),
            "clip_coef": anneal(settings.clip_coef, settings.clip_coef_schedule, progress),
            "ent_coef": settings.ent_coef,
        }
    )
