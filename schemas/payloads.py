"""What the objects in the store contain: trajectories, policies, learner states, evaluations.

Shapes: T time steps, B environments of one rollout, E episodes, O observation size (flattened).
Arrays decoded from bytes are read-only.
"""

from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from schemas.arrays import pack, unpack
from schemas.errors import PayloadError

Arrays = dict[str, np.ndarray]


class Statistics(Struct, frozen=True, kw_only=True):
    """Count, mean and sum of squared deviations of observations; merges exactly (Chan et al.)."""

    count: float
    mean: np.ndarray  # [O] float64
    m2: np.ndarray  # [O] float64


class Trajectory(Struct, frozen=True, kw_only=True):
    """What one rollout saw and did. Time is the first axis, environments the second.

    Environments reset themselves in the step after an end (Gymnasium's NEXT_STEP mode), so
    `observations[t + 1]` is always the true successor of `observations[t]`, the final observation
    included, and the reset's own pseudo-transition is marked `valid = False`.
    """

    version: int
    index: int
    observations: np.ndarray  # [T+1, B, O] float32, as the environment gave them
    actions: np.ndarray  # [T, B] int32, or [T, B, A] float32 as sampled (not clipped)
    log_probs: np.ndarray  # [T, B] float32, under the behaviour policy
    rewards: np.ndarray  # [T, B] float32, as the environment gave them
    terminated: np.ndarray  # [T, B] bool
    truncated: np.ndarray  # [T, B] bool
    valid: np.ndarray  # [T, B] bool
    episode_returns: np.ndarray  # [E] float64, undiscounted, of episodes that ended here
    episode_lengths: np.ndarray  # [E] int32
    statistics: Statistics  # of the valid observations of this rollout
    continuation: dict[str, Any] | None = None  # where the environments stand; see algorithms


class Policy(Struct, frozen=True, kw_only=True):
    """What an actor needs: a projection of a learner state."""

    version: int
    parameters: Arrays  # path -> float32
    statistics: Statistics | None = None  # observation normalisation, frozen for this version


class LearnerState(Struct, frozen=True, kw_only=True):
    """What the learner needs to go on, bit for bit."""

    version: int
    env_steps: int
    parameters: Arrays  # path -> array
    optimizer: Arrays  # path -> array
    statistics: Statistics | None = None


class Evaluation(Struct, frozen=True, kw_only=True):
    """Deterministic episodes of one policy version."""

    version: int
    returns: np.ndarray  # [E] float64, undiscounted
    lengths: np.ndarray  # [E] int32


class Rewards(Struct, frozen=True, kw_only=True):
    """Transformed rewards of one batch, in the batch's order, and the transforms' own state."""

    version: int
    rewards: list[np.ndarray]  # one [T, B] float32 per trajectory
    state: dict[str, Any]


Payload = TypeVar("Payload", Trajectory, Policy, LearnerState, Evaluation, Rewards)


def dump(payload: Struct) -> bytes:
    """The payload's bytes; equal payloads give equal bytes.

    Raises:
        PayloadError: an array of a dtype that is not for the wire.
    """
    return pack(msgspec.to_builtins(payload, builtin_types=(np.ndarray, bytes), enc_hook=_keep))


def load(data: bytes | memoryview, kind: type[Payload]) -> Payload:
    """The payload of type `kind` in `data`.

    Raises:
        PayloadError: `data` is not such a payload.
    """
    try:
        return msgspec.convert(unpack(data), kind)
    except msgspec.ValidationError as error:
        raise PayloadError(f"not a {kind.__name__}: {error}") from error


def _keep(value: Any) -> Any:
    return value
