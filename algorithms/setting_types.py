"""The types of settings that several algorithms have. Data alone: no NumPy, no JAX."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from faastraingym.algorithms.networks.specification import ActorCriticNetworkSpec, NetworkSpec
from faastraingym.schemas.specification import Annealing, Fraction, NonNegative, RecurrentSpec

LearningRateSchedule = Annotated[
    Annealing, Meta(description="linear: down to 0 at the horizon of stop")
]
Discount = Annotated[Fraction, Meta(description="discount")]
MaxGradNorm = Annotated[float, Meta(gt=0, description="longer gradients are cut")]
HiddenSizes = Annotated[
    tuple[Annotated[int, Meta(ge=1, le=4096)], ...], Meta(description="of the hidden layers")
]
Activation = Annotated[Literal["tanh", "relu"], Meta(description="of hidden layers")]
NETWORK = "how observations are encoded for them; default: as they are"
# Left out where it is not given: specifications of older releases keep their bytes.
Network = Annotated[NetworkSpec, Meta(description=NETWORK)] | UnsetType

# Of actor-critics.
ActorCriticNetwork = Annotated[ActorCriticNetworkSpec, Meta(description=NETWORK)] | UnsetType
EntCoef = Annotated[NonNegative, Meta(description="of the entropy, which explores")]
VfCoef = Annotated[NonNegative, Meta(description="of the value loss")]
NormalizeObservations = Annotated[bool, Meta(description="by running statistics")]
LogStdInit = Annotated[float, Meta(description="continuous actions: log deviation")]
RescaleActions = Annotated[
    bool,
    Meta(
        description="continuous actions: -1 to 1 are stretched to the bounds of elements that have"
        " two; otherwise, the default, actions are clipped to their bounds"
    ),
]
Recurrent = Annotated[
    RecurrentSpec,
    Meta(description="the policy remembers its episode; default: it acts by what it sees alone"),
]

SdeSampleFreq = Annotated[
    int,
    Meta(
        ge=0,
        le=1_000_000,
        description="continuous actions: state-dependent exploration (gSDE), whose noise matrix is"
        " drawn anew after so many steps, 0: in each rollout; default: independent noise",
    ),
]


def sde(settings: Any) -> int | None:
    """The steps after which state-dependent noise is drawn anew; none: noise is independent."""
    every = getattr(settings, "sde_sample_freq", UNSET)  # not every algorithm has it
    return every if isinstance(every, int) else None


# Of those that take one gradient step on a batch.
SingleStepRate = Annotated[float, Meta(gt=0, description="the optimizer's step size")]
SingleStepOptimizer = Annotated[
    Literal["rmsprop", "adam"], Meta(description="rmsprop: decay 0.99, as in the paper")
]
NormalizeBatch = Annotated[bool, Meta(description="per batch")]
