"""The contents of stored objects: trajectories, policies, learner states, evaluations, rewards.

Shapes: T time steps, B environments of one rollout, E episodes, O observation size (flattened).
Arrays decoded from bytes are read-only.
"""

from typing import Annotated, Any, NotRequired, TypedDict, TypeVar

import msgspec
import numpy as np
from msgspec import UNSET, Meta, Struct, UnsetType

from faastraingym.schemas import array_specs
from faastraingym.schemas.array_specs import ArraySpec
from faastraingym.schemas.arrays import pack, unpack
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.references import Count

Arrays = dict[str, np.ndarray]
Parameters = dict[str, Annotated[np.ndarray, ArraySpec("<f4", "...")]]
Word = Annotated[bytes, Meta(min_length=16, max_length=16)]  # 128 bits, little-endian


class Statistics(Struct, frozen=True, kw_only=True):
    """Count, mean and sum of squared deviations of observations; merges exactly (Chan et al.)."""

    count: float
    mean: Annotated[np.ndarray, ArraySpec("<f8", "O")]
    m2: Annotated[np.ndarray, ArraySpec("<f8", "O")]


class GeneratorState(TypedDict):
    """The state of a PCG64 generator."""

    state: Word
    inc: Word
    has_uint32: Annotated[int, Meta(ge=0, le=1)]
    uinteger: Annotated[int, Meta(ge=0, lt=2**32)]


class EnvironmentSnapshot(TypedDict):
    """One environment: its state, or the actions since its episode's reset."""

    episode: Count
    ended: bool
    actions: NotRequired[np.ndarray]
    snapshot: NotRequired[Arrays]
    memory: NotRequired[Arrays]  # brought into its episode; into the next one, if that has ended


class VectorSnapshot(TypedDict):
    """Environments that step together: each of them, or their own vector."""

    singles: NotRequired[list[EnvironmentSnapshot]]
    snapshot: NotRequired[Arrays]
    generator: NotRequired[GeneratorState]


class Continuation(TypedDict):
    """The environments of a slot at its trajectory's end, and their episodes in progress."""

    origin: Count  # for which version to learn from the slot last started afresh
    fleet: VectorSnapshot
    generator: GeneratorState  # of the actions
    returns: np.ndarray  # [B] float64
    lengths: np.ndarray  # [B] int32
    actor_memory: NotRequired[np.ndarray]  # [B, M] float32, of a recurrent policy


class NormalizeState(TypedDict):
    """Running statistics of the discounted return, and the returns in progress by slot."""

    count: float
    mean: np.ndarray  # [1] float64
    m2: np.ndarray  # [1] float64
    returns: Arrays  # [B] float64 each


class Trajectory(Struct, frozen=True, kw_only=True):
    """The experience of one rollout. Time is the first axis, environments the second.

    Environments reset themselves in the step after an end (Gymnasium's NEXT_STEP mode), so
    `observations[t + 1]` always is the true successor of `observations[t]`, the final observation
    included, and `valid` is false for the reset's own pseudo-transition.
    """

    version: Count
    index: Count
    # an array, in the dtype and shape of the space; of a Dict space arrays by name
    observations: Annotated[Any, ArraySpec("*", "T+1", "B", "...")]
    # as sampled (not clipped); choices and bits of several elements have their axis, too
    actions: Annotated[
        np.ndarray,
        ArraySpec("<i4", "T", "B"),
        ArraySpec("<f4", "T", "B", "A"),
        ArraySpec("<i4", "T", "B", "A"),
    ]
    # of the algorithm's actor for its learner, [T, B, ...] each
    extras: Arrays = {}
    rewards: Annotated[np.ndarray, ArraySpec("<f4", "T", "B")]  # as the environment gave them
    terminated: Annotated[np.ndarray, ArraySpec("|b1", "T", "B")]
    truncated: Annotated[np.ndarray, ArraySpec("|b1", "T", "B")]
    valid: Annotated[np.ndarray, ArraySpec("|b1", "T", "B")]
    # undiscounted, of episodes that ended here
    episode_returns: Annotated[np.ndarray, ArraySpec("<f8", "E")]
    episode_lengths: Annotated[np.ndarray, ArraySpec("<i4", "E")]
    # of this rollout's valid observations, as networks read them; none: not normalised
    statistics: Statistics | None = None
    continuation: Continuation | None = None
    # of a recurrent policy before the first step; left out where there is none, as it always was
    actor_memory: Annotated[np.ndarray, ArraySpec("<f4", "B", "M")] | UnsetType = UNSET


class Policy(Struct, frozen=True, kw_only=True):
    """The part of a learner state that an actor needs."""

    version: Count
    parameters: Parameters  # by path
    statistics: Statistics | None = None  # observation normalisation, frozen for this version


class LearnerState(Struct, frozen=True, kw_only=True):
    """All that the learner needs to continue, bit for bit."""

    version: Count
    env_steps: Count
    parameters: Parameters  # by path
    optimizer: Arrays  # by path
    statistics: Statistics | None = None


class Evaluation(Struct, frozen=True, kw_only=True):
    """Episodes that measure one policy version."""

    version: Count
    returns: Annotated[np.ndarray, ArraySpec("<f8", "E")]  # undiscounted
    lengths: Annotated[np.ndarray, ArraySpec("<i4", "E")]


class Rewards(Struct, frozen=True, kw_only=True):
    """Transformed rewards of one batch, in the batch's order, and the transforms' own state."""

    version: Count
    rewards: list[Annotated[np.ndarray, ArraySpec("<f4", "*", "B")]]  # one per trajectory
    state: dict[str, NormalizeState]  # by the transform's place in the specification


class Stream(Struct, frozen=True, kw_only=True):
    """Whole episodes, one after the other: N transitions and final observations.

    The observation after entry n is that of entry n + 1. `valid` is false for an episode's final
    observation, which is an entry of its own, as in a trajectory.
    """

    observations: Annotated[Any, ArraySpec("*", "N", "...")]  # as a trajectory's
    # counted from 0; of a Box as the environment took them
    actions: Annotated[
        np.ndarray, ArraySpec("<i4", "N"), ArraySpec("<f4", "N", "A"), ArraySpec("<i4", "N", "A")
    ]
    rewards: Annotated[np.ndarray, ArraySpec("<f4", "N")]  # as the environment gave them
    terminated: Annotated[np.ndarray, ArraySpec("|b1", "N")]
    truncated: Annotated[np.ndarray, ArraySpec("|b1", "N")]
    valid: Annotated[np.ndarray, ArraySpec("|b1", "N")]


Payload = TypeVar("Payload", Trajectory, Policy, LearnerState, Evaluation, Rewards, Stream)


def dump(payload: Struct) -> bytes:
    """The payload's bytes; equal payloads give equal bytes.

    Raises:
        PayloadError: an array of a dtype that is not for the wire.
    """
    fields = msgspec.to_builtins(payload, builtin_types=(np.ndarray, bytes), enc_hook=lambda a: a)
    return pack(_flat(fields) if isinstance(payload, Trajectory) else fields)


def load(data: bytes | memoryview, kind: type[Payload]) -> Payload:
    """The payload of type `kind` in `data`.

    Raises:
        PayloadError: `data` is not such a payload, or its arrays do not fit each other.
    """
    try:
        fields = unpack(data)
        payload = msgspec.convert(_nested(fields) if kind is Trajectory else fields, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise PayloadError(f"not a {kind.__name__}: {error}") from error
    array_specs.check(payload)
    return payload


def _flat(fields: dict[str, Any]) -> dict[str, Any]:
    """A trajectory on the wire: an extra is a key beside the others, as `log_probs` always was."""
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        flat |= value if name == "extras" else {name: value}
    if len(flat) < len(fields) - 1 + len(fields["extras"]):
        raise PayloadError(f"Trajectory.extras: {sorted(fields['extras'])} hide a field")
    return flat


def _nested(fields: Any) -> Any:
    """The inverse of `_flat`: what is no field is an extra."""
    if not isinstance(fields, dict):
        return fields
    known = {name: value for name, value in fields.items() if name in Trajectory.__struct_fields__}
    extras = {name: value for name, value in fields.items() if name not in known}
    return {**known, "extras": extras}
