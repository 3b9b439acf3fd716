"""An environment's observations and actions, as an MLP sees them."""

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import gymnasium
import msgspec
import numpy as np
from gymnasium.spaces import Box, Discrete, Space

from faastraingym.algorithms import registry
from faastraingym.algorithms.environments import known
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.registered import made_by
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import EnvironmentSpec, RunSpec

ACTED = {"Discrete": "Discrete", "Box": "Box of one dimension and float32 or float64"}


class SpaceInfo(NamedTuple):
    """An environment's spaces as an MLP sees them."""

    observation_size: int  # O; flattened Box, or one-hot Discrete
    continuous: bool
    action_size: int  # actions to choose from, or elements of a continuous action
    low: tuple[float, ...] = ()  # of each element of a continuous action, perhaps -inf
    high: tuple[float, ...] = ()
    action_start: int = 0  # the first of a Discrete space's actions
    observation_start: int | None = None  # the first of a Discrete space's observations
    action_dtype: str = "<f4"  # of a continuous action, as the environment takes it
    bytes_shape: tuple[int, ...] = ()  # of observations from 0 to 255, as images are
    observation_shape: tuple[int, ...] = ()  # as the environment gives them
    observation_dtype: str = "<f4"


def describe(spec: RunSpec) -> SpaceInfo:
    """The spaces of `spec.environment`.

    Raises:
        EnvironmentFailed: it cannot be built, or has spaces that `check` refuses.
    """
    found = known.find(spec.environment)
    if found is not None:
        return msgspec.convert(list(found), SpaceInfo)
    asked = spec.environment
    alone = EnvironmentSpec(id=asked.id, kwargs=asked.kwargs, packages=asked.packages)
    key = msgspec.json.encode(alone, order="deterministic")
    return _describe(key, registry.name(spec), registry.rules(spec).ACTIONS)


@functools.lru_cache(maxsize=64)
def _describe(key: bytes, algorithm: str, actions: tuple[str, ...]) -> SpaceInfo:
    described = msgspec.json.decode(key, type=EnvironmentSpec)
    env_id, environment = described.id, make(described)
    with foreign(f"{env_id} does not define its spaces"):
        observed, acted = environment.observation_space, environment.action_space
    with foreign(f"{env_id} could not be closed"):
        environment.close()
    return of_spaces(env_id, observed, acted, algorithm, actions)


def of_spaces(
    env_id: str, observed: Space[Any], acted: Space[Any], algorithm: str, actions: tuple[str, ...]
) -> SpaceInfo:
    """The spaces of an environment, for an algorithm and the kinds of spaces that it acts in.

    Raises:
        EnvironmentFailed: it cannot learn or act in such spaces.
    """
    refused = [
        *_refused_observations(env_id, observed, algorithm.upper()),
        *_refused_actions(env_id, acted, algorithm.upper(), actions),
    ]
    if refused:
        raise EnvironmentFailed(f"{env_id}: {'; '.join(refused)}")
    with foreign(f"{env_id} does not define its spaces"):
        return _info(observed, acted)


def make(environment: EnvironmentSpec) -> gymnasium.Env[Any, Any]:
    """One environment, to look at.

    Raises:
        EnvironmentFailed: its constructor raised; that exception is the cause.
    """
    with foreign(f"{environment.id} could not be built"):
        return gymnasium.make(made_by(environment), disable_env_checker=True, **environment.kwargs)


def _refused_observations(env_id: str, space: Space[Any], algorithm: str) -> Iterator[str]:
    if not isinstance(space, Space):
        yield _no_space("observation_space", space)
    elif not isinstance(space, Box | Discrete):
        made = f"gymnasium.make({env_id!r})"
        how = f"FlattenObservation({made})" if space.is_np_flattenable else f"a wrapper of {made}"
        yield (
            f"{algorithm} cannot read observations in {space}; it reads Box and Discrete: register "
            f"{how} in a file of your own and train `FILE.py:NAME`"
        )


def _no_space(name: str, found: object) -> str:
    """As half-written environments have, and those of the older library `gym`."""
    kind = type(found)
    what = "None" if found is None else f"a {kind.__name__} of {kind.__module__}"
    return f"its {name} is {what}; assign a space of gymnasium.spaces in its __init__"


def _refused_actions(
    env_id: str, space: Space[Any], algorithm: str, actions: tuple[str, ...]
) -> Iterator[str]:
    real = isinstance(space, Box) and space.dtype in (np.float32, np.float64)
    fits = isinstance(space, Discrete) or (real and len(space.shape or ()) == 1)
    if not isinstance(space, Space):
        yield _no_space("action_space", space)
    elif not fits or ("Box" if real else "Discrete") not in actions:
        allowed = " and in ".join(ACTED[kind] for kind in actions)
        yield (
            f"{algorithm} cannot act in {space}; it acts in {allowed}: register "
            f"TransformAction(gymnasium.make({env_id!r}), function, space) with such a space in a "
            "file of your own and train `FILE.py:NAME`"
        )


def _info(observed: Space[Any], acted: Space[Any]) -> SpaceInfo:
    if isinstance(observed, Discrete):
        size, first = int(observed.n), int(observed.start)
    else:
        size, first = int(np.prod(observed.shape or (1,))), None
    image, shape = _bytes_shape(observed), tuple(observed.shape or ())
    seen = np.dtype(observed.dtype).newbyteorder("<").str
    if isinstance(acted, Box):
        low, high = (tuple(map(float, bound)) for bound in (acted.low, acted.high))
        dtype = np.dtype(acted.dtype).str
        return SpaceInfo(size, True, len(low), low, high, 0, first, dtype, image, shape, seen)
    number, start = int(acted.n), int(acted.start)  # a Discrete
    return SpaceInfo(size, False, number, (), (), start, first, "<f4", image, shape, seen)


def _bytes_shape(space: Space[Any]) -> tuple[int, ...]:
    if isinstance(space, Box) and (space.low == 0).all() and (space.high == 255).all():
        return tuple(space.shape or ())
    return ()
