"""An environment of any library as pure functions of JAX."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from gymnasium.spaces import Box, Discrete, Space

from faastraingym.algorithms.environments import on_jax
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import EnvironmentSpec

Key: TypeAlias = Any  # an array [2] uint32, so that a state that holds one is an array as any other
State: TypeAlias = Any  # a tree of arrays


@dataclass(frozen=True, eq=False)  # itself alone: it is a key of what is compiled
class Program:
    """One environment; it never resets itself."""

    reset: Callable[[Key], tuple[State, Any]]  # the state and the observation
    # the state, the observation, the reward, terminated, truncated
    step: Callable[[Key, State, Any], tuple[State, Any, Any, Any, Any]]
    observed: Space[Any]
    acted: Space[Any]
    max_steps: int  # after which an episode is truncated


def program(environment: EnvironmentSpec) -> Program:
    """The environment's functions, the same ones at each call: they are compiled once.

    Raises:
        EnvironmentFailed: it cannot be built, or its observations or actions are several arrays.
    """
    made = EnvironmentSpec(id=environment.id, kwargs=environment.kwargs)
    return _program(msgspec.json.encode(made, order="deterministic"))


@functools.lru_cache(maxsize=16)
def _program(key: bytes) -> Program:
    environment = msgspec.json.decode(key, type=EnvironmentSpec)
    library, _, name = environment.id.partition(":")
    with foreign(f"{environment.id} could not be built"):
        parts = on_jax.module(f"of_{library}").parts
        found = Program(*parts(name, dict(environment.kwargs)))
    for what, space in (("observations", found.observed), ("actions", found.acted)):
        if not isinstance(space, Box | Discrete):
            raise EnvironmentFailed(
                f"{environment.id}: its {what} are of {space!r:.200}; of environments on JAX "
                "those of one Box or one Discrete are taken"
            )
    return found
