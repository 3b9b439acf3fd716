"""What a reward function of one's own is asked, and what it answers: msgpack with arrays.

The request is signed (adapters/http/reward_functions.py); the answer has one array for each
trajectory, in the request's order. docs/reward_functions.md tells it to the function's author.
"""

from typing import Annotated, TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from faastraingym.schemas import array_specs
from faastraingym.schemas.array_specs import ArraySpec
from faastraingym.schemas.arrays import pack, unpack
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.references import Count, ObjectRef

SECRET = "ftg-reward-key-"  # noqa: S105  the secret's name, before the function's
SIGNATURE = "X-Ftg-Signature"
MEMORY = "X-Ftg-Memory-Mb"  # of an answer: the function's memory limit, by which its cost is told
MSGPACK = "application/msgpack"


class Experience(Struct, frozen=True, kw_only=True):
    """A trajectory by reference."""

    version: Count  # of the policy that acted
    index: Count
    object: ObjectRef
    url: str  # a GET of the object, signed for some minutes


class RewardCall(Struct, frozen=True, kw_only=True):
    """A version's batch. Without trajectories it asks whether the function is there."""

    run: str  # empty: of none yet
    version: Count  # that learns
    environment: str
    gamma: float
    trajectories: list[Experience]


class RewardAnswer(Struct, frozen=True, kw_only=True):
    """A reward for each step of each trajectory, [T, B]; what is not valid counts nothing."""

    rewards: list[Annotated[np.ndarray, ArraySpec("<f4", "*", "*")]]


Kind = TypeVar("Kind", RewardCall, RewardAnswer)


def dump(message: RewardCall | RewardAnswer) -> bytes:
    """The message's bytes; equal messages give equal bytes."""
    return pack(
        msgspec.to_builtins(message, builtin_types=(np.ndarray, bytes), enc_hook=lambda a: a)
    )


def load(data: bytes, kind: type[Kind]) -> Kind:
    """The message of type `kind` in `data`; PayloadError: there is none."""
    try:
        found = msgspec.convert(unpack(data), kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise PayloadError(f"not a {kind.__name__}: {error}") from error
    array_specs.check(found)
    return found
