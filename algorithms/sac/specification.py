"""SAC's settings, its checks of them, and its plan. Data alone: no NumPy, no JAX."""

from collections.abc import Iterator
from typing import Annotated, Literal, cast

from msgspec import UNSET, Meta, UnsetType

from faastraingym.algorithms import setting_types as types
from faastraingym.algorithms.api import LearningPlan
from faastraingym.algorithms.replay import specification as replay
from faastraingym.algorithms.replay.specification import ReplaySpec, replayed_versions
from faastraingym.schemas.specification import NonNegative, Positive, RunSpec

__all__ = ["ACTIONS", "Specification", "plan", "problems", "replayed_versions"]


class SAC(ReplaySpec, frozen=True, kw_only=True, tag_field="name", tag="sac"):
    """Soft actor-critic (Haarnoja et al. 2018, arXiv 1812.05905)."""

    learning_rate: Annotated[float, Meta(gt=0, description="Adam's step size")] = 3e-4
    learning_rate_schedule: types.LearningRateSchedule = "constant"
    gamma: types.Discount = 0.99
    batch_size: Annotated[Positive, Meta(description="transitions of a gradient step")] = 256
    tau: Annotated[
        float, Meta(gt=0, le=1, description="the targets' part of the critics at each update")
    ] = 0.005
    target_update_interval: Annotated[
        Positive, Meta(description="gradient steps between updates of the target critics")
    ] = 1
    ent_coef: Annotated[
        NonNegative | Literal["auto"],
        Meta(description="alpha, the weight of the entropy; auto: learnt"),
    ] = "auto"
    ent_coef_initial: (
        Annotated[
            float, Meta(gt=0, description="alpha at first, where ent_coef is auto; default: 1")
        ]
        | UnsetType
    ) = UNSET
    target_entropy: (
        Annotated[
            float,
            Meta(
                description="the entropy that alpha is learnt for, of actions scaled to -1 to 1;"
                " default: minus the number of their elements"
            ),
        ]
        | UnsetType
    ) = UNSET
    max_grad_norm: (
        Annotated[
            float,
            Meta(gt=0, description="longer gradients of a network are cut; default: none are"),
        ]
        | UnsetType
    ) = UNSET
    sde_sample_freq: types.SdeSampleFreq | UnsetType = UNSET
    log_std_init: (
        Annotated[float, Meta(description="with sde_sample_freq: log deviation; default: -3")]
        | UnsetType
    ) = UNSET
    hidden_sizes: types.HiddenSizes = (256, 256)
    activation: types.Activation = "relu"
    network: types.Network = UNSET

    @property
    def acts_rescaled(self) -> bool:
        """Yes: -1 to 1, as tanh squashes them."""
        return True

    @property
    def learns_ent_coef(self) -> bool:
        """Whether alpha is learnt."""
        return self.ent_coef == "auto"


Specification = SAC
ACTIONS = ("BoundedBox",)


def problems(spec: RunSpec) -> Iterator[str]:
    """What replay cannot do, and settings of what is not asked for."""
    yield from replay.problems(spec)
    settings = cast(SAC, spec.algorithm)
    if not settings.learns_ent_coef:
        fixed = f"with spec.algorithm.ent_coef = {settings.ent_coef}; only auto is learnt"
        yield from _idle(settings, ("ent_coef_initial", "target_entropy"), fixed)
    if settings.sde_sample_freq is UNSET:
        yield from _idle(settings, ("log_std_init",), "without spec.algorithm.sde_sample_freq")


def _idle(settings: SAC, names: tuple[str, ...], why: str) -> Iterator[str]:
    for name in names:
        if (found := getattr(settings, name)) is not UNSET:
            yield f"spec.algorithm.{name}: found {found}; allowed: none {why}"


def plan(spec: RunSpec, progress: float) -> LearningPlan:
    """The learning rate, the correction of priorities, the gradient steps and who acts.

    `uniform` is 1 until learning starts, when actions are drawn uniformly; then it is 0.
    """
    return LearningPlan(
        coefficients=replay.coefficients(spec, progress),
        exploration={"uniform": 0.0 if replay.is_learning(spec, progress) else 1.0},
        gradient_steps=replay.gradient_steps(spec, progress),
    )
