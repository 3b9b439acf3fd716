"""An environment's observations and actions, as an MLP sees them."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import gymnasium
import msgspec
import numpy as np
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete, Space

from faastraingym.algorithms import registry
from faastraingym.algorithms.environments import known, masks, on_jax
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.leaves import (
    IN_INFO,
    READ,
    Leaf,
    is_image,
    leaves,
    refused,
)
from faastraingym.algorithms.environments.registered import made_by
from faastraingym.algorithms.environments.wrappers import wrapped
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import EnvironmentSpec, RunSpec

ACTED: dict[str, tuple[str, type[Space[Any]]]] = {  # by the names in algorithms' ACTIONS
    "Discrete": ("Discrete", Discrete),
    "MultiDiscrete": ("MultiDiscrete", MultiDiscrete),
    "MultiBinary": ("MultiBinary", MultiBinary),
    "Box": ("Box of floating-point numbers", Box),
    "BoundedBox": ("Box of floating-point numbers with a finite low < high for each", Box),
}


class SpaceInfo(NamedTuple):
    """An environment's spaces as an MLP sees them."""

    observation_size: int  # O; flat, one-hot, the parts side by side
    continuous: bool
    action_size: int  # K, outputs of a policy network: choices, bits, or continuous elements
    low: tuple[float, ...] = ()  # of each element of a continuous action, perhaps -inf
    high: tuple[float, ...] = ()
    action_start: int = 0  # the first of a Discrete space's actions
    observation_start: int | None = None  # the first of a Discrete space's observations
    action_dtype: str = "<f4"  # of an action of elements, as the environment takes it
    bytes_shape: tuple[int, ...] = ()  # of observations from 0 to 255, as images are
    observation_shape: tuple[int, ...] = ()  # as the environment gives them
    observation_dtype: str = "<f4"
    action_choices: tuple[int, ...] = ()  # of each element of a MultiDiscrete action
    action_starts: tuple[int, ...] = ()  # the first choice of each
    action_bits: bool = False  # a MultiBinary action, of `action_size` bits
    action_shape: tuple[int, ...] | None = None  # where the environment takes it with other axes

    leaves: tuple[Leaf, ...] = ()  # of observations, unless they are one Box or one Discrete

    @property
    def has_parts(self) -> bool:
        """Whether observations are several arrays, by the paths of leaves."""
        return bool(self.leaves and self.leaves[0].path)

    @property
    def parts(self) -> tuple[Leaf, ...]:
        """How observations are stored: their leaves, or the one array that they are."""
        alone = Leaf("", self.observation_dtype, self.observation_shape, "numbers")
        return self.leaves or (alone,)

    @property
    def mask(self) -> Leaf | None:
        """The part of observations that tells which actions are valid, if there is one."""
        return next((leaf for leaf in self.leaves if leaf.kind == "mask"), None)

    @property
    def mask_is_in_info(self) -> bool:
        """Whether the environment itself tells masks in `info`, beside observations."""
        return self.mask is not None and self.mask.path == IN_INFO

    def values(self) -> list[Any]:
        """Without the last that are defaults: manifests of older releases keep their bytes."""
        values, known = list(self), self._field_defaults
        while values and known.get(self._fields[len(values) - 1], ...) == values[-1]:
            values.pop()
        return values

    @property
    def action_elements(self) -> tuple[int, ...]:
        """The shape of one action in a trajectory."""
        if self.action_choices:
            return (len(self.action_choices),)
        return (self.action_size,) if self.continuous or self.action_bits else ()


def describe(spec: RunSpec) -> SpaceInfo:
    """The spaces of `spec.environment`.

    Raises:
        EnvironmentFailed: it cannot be built, or has spaces that `check` refuses.
    """
    found = known.find(spec.environment)
    if found is not None:
        return msgspec.convert(list(found), SpaceInfo)
    key = _key(spec.environment)
    return _describe(key, registry.name(spec), registry.rules(spec).ACTIONS)


@functools.lru_cache(maxsize=64)
def _describe(key: bytes, algorithm: str, actions: tuple[str, ...]) -> SpaceInfo:
    env_id = msgspec.json.decode(key, type=EnvironmentSpec).id
    observed, acted, mask_is_in_info = _look(key)
    return of_spaces(env_id, observed, acted, algorithm, actions, mask_is_in_info)


class _Looked(NamedTuple):
    """What an environment is found to be."""

    observed: Any
    acted: Any
    mask_is_in_info: bool


@functools.lru_cache(maxsize=64)
def _look(key: bytes) -> _Looked:
    described = msgspec.json.decode(key, type=EnvironmentSpec)
    env_id, environment = described.id, built(described)
    if on_jax.is_one(described):  # has no masks, and a reset would be compiled first
        looked = _Looked(environment.observation_space, environment.action_space, False)
    else:
        looked = look(env_id, environment)
    with foreign(f"{env_id} could not be closed"):
        environment.close()
    return looked


def look(env_id: str, environment: gymnasium.Env[Any, Any]) -> _Looked:
    """The spaces of an environment, and whether it has masks in `info`: it may be reset for that.

    Raises:
        EnvironmentFailed: it does not define its spaces.
    """
    with foreign(f"{env_id} does not define its spaces"):
        observed, acted = environment.observation_space, environment.action_space
    return _Looked(observed, acted, masks.told(environment, observed, acted))


def _key(environment: EnvironmentSpec) -> bytes:
    """What an environment's spaces follow from."""
    alone = EnvironmentSpec(
        id=environment.id,
        kwargs=environment.kwargs,
        packages=environment.packages,
        wrappers=environment.wrappers,
    )
    return msgspec.json.encode(alone, order="deterministic")


def of_spaces(
    env_id: str,
    observed: Space[Any],
    acted: Space[Any],
    algorithm: str,
    actions: tuple[str, ...],
    mask_is_in_info: bool = False,
) -> SpaceInfo:
    """The spaces of an environment, for an algorithm and the kinds of spaces that it acts in.

    Raises:
        EnvironmentFailed: it cannot learn or act in such spaces.
    """
    refused = [
        *_refused_observations(env_id, observed, acted, algorithm.upper()),
        *_refused_actions(env_id, acted, algorithm.upper(), actions),
    ]
    if refused:
        raise EnvironmentFailed(f"{env_id}: {'; '.join(refused)}")
    with foreign(f"{env_id} does not define its spaces"):
        path = IN_INFO if mask_is_in_info else masks.part_of(observed, acted)
        seen = masks.shown(observed, acted) if mask_is_in_info else observed
        return SpaceInfo(**_observed(seen, path, masks.groups(acted)), **_acted(acted))


def make(environment: EnvironmentSpec) -> gymnasium.Env[Any, Any]:
    """One environment in its wrappers, which shows its masks if it has such.

    Raises:
        EnvironmentFailed: its constructor, or a wrapper's, raised; that exception is the cause.
    """
    found = known.find(environment)
    if found is None:
        mask_is_in_info = _look(_key(environment)).mask_is_in_info
    else:
        mask_is_in_info = msgspec.convert(list(found), SpaceInfo).mask_is_in_info
    inner = built(environment)
    return masks.Shown(inner) if mask_is_in_info else inner


def built(environment: EnvironmentSpec) -> gymnasium.Env[Any, Any]:
    """One environment in its wrappers; raises as `make` does."""
    if on_jax.is_one(environment):
        with foreign(f"{environment.id} could not be built"):
            alone: gymnasium.Env[Any, Any] = on_jax.module("single").make(environment)
        return alone
    with foreign(f"{environment.id} could not be built"):
        how = {"disable_env_checker": True, **environment.kwargs}
        inner = gymnasium.make(made_by(environment), **how)
    return wrapped(environment, inner)


def _made(env_id: str) -> str:
    """How an author's file makes it: a package's class is called, an id is looked up."""
    _, packaged, name = env_id.rpartition(":")
    return (
        f"{name}()" if packaged and name not in gymnasium.registry else f"gymnasium.make({name!r})"
    )


def _refused_observations(
    env_id: str, space: Space[Any], acted: Any, algorithm: str
) -> Iterator[str]:
    if not isinstance(space, Space):
        yield _no_space("observation_space", space)
        return
    yield from _refused_mask(space, acted)
    for reason in refused(space):
        made = _made(env_id)
        how = f"FlattenObservation({made})" if space.is_np_flattenable else f"a wrapper of {made}"
        yield (
            f"{algorithm} cannot read observations in {reason}; it reads {READ}: register "
            f"{how} in a file of your own and train `FILE.py:NAME`"
        )


def _refused_mask(space: Any, acted: Any) -> Iterator[str]:
    path = masks.part_of(space, acted)
    if not path:
        return
    if len(space.spaces) == 1:
        yield f"its observations {space} are a mask alone; give a policy another part to read"
    if reason := masks.refused(space[path], acted, path):
        yield reason


def _no_space(name: str, found: object) -> str:
    """As half-written environments have, and those of the older library `gym`."""
    kind = type(found)
    what = "None" if found is None else f"a {kind.__name__} of {kind.__module__}"
    return f"its {name} is {what}; assign a space of gymnasium.spaces in its __init__"


def _refused_actions(
    env_id: str, space: Space[Any], algorithm: str, actions: tuple[str, ...]
) -> Iterator[str]:
    if not isinstance(space, Space):
        yield _no_space("action_space", space)
        return
    allowed = [ACTED[name] for name in actions]
    fits = not isinstance(space, Box) or _is_acted(space, "BoundedBox" in actions)
    has_elements = isinstance(space, Discrete) or 0 not in (space.shape or ())
    if not (isinstance(space, tuple(kind for _, kind in allowed)) and fits and has_elements):
        words = _listed(words for words, _ in allowed)
        yield (
            f"{algorithm} cannot act in {space}; it acts in {words}: register "
            f"TransformAction({_made(env_id)}, function, space) with such a space in a "
            "file of your own and train `FILE.py:NAME`"
        )


def _is_acted(space: Box, bounded: bool) -> bool:
    """Whether it is of real numbers, and, if that is asked, within bounds that leave a choice."""
    is_bounded = space.is_bounded("both") and bool((space.low < space.high).all())
    return np.issubdtype(space.dtype, np.floating) and (is_bounded or not bounded)


def _listed(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def _observed(space: Space[Any], mask: str, choices: tuple[int, ...]) -> dict[str, Any]:
    """The fields of observations; `mask` is the path of a mask of actions with these choices."""
    found = tuple(
        masks.leaf_of(mask, choices) if mask and leaf.path == mask else leaf
        for leaf in leaves(space)
    )
    fields: dict[str, Any] = {"observation_size": sum(leaf.size for leaf in found)}
    if found[0].path:
        return fields | {"leaves": found}
    fields |= {"observation_shape": found[0].shape, "observation_dtype": found[0].dtype}
    if isinstance(space, Discrete):
        return fields | {"observation_start": int(space.start)}
    if isinstance(space, Box):
        return fields | {"bytes_shape": found[0].shape if is_image(space) else ()}
    return fields | {"leaves": found}


def _acted(space: Space[Any]) -> dict[str, Any]:
    """The fields of actions."""
    if isinstance(space, Discrete):
        return {"continuous": False, "action_size": int(space.n), "action_start": int(space.start)}
    shape = tuple(space.shape or ())
    fields: dict[str, Any] = {
        "continuous": isinstance(space, Box),
        "action_dtype": np.dtype(space.dtype).newbyteorder("<").str,
        "action_shape": None if len(shape) == 1 else shape,
    }
    if isinstance(space, MultiDiscrete):
        choices, starts = (tuple(map(int, n.ravel())) for n in (space.nvec, space.start))
        return fields | {
            "action_size": sum(choices), "action_choices": choices, "action_starts": starts
        }  # fmt: skip
    size = int(np.prod(shape))
    if isinstance(space, MultiBinary):
        return fields | {"action_size": size, "action_bits": True}
    low, high = (tuple(map(float, n.ravel())) for n in (space.low, space.high))  # a Box
    return fields | {"action_size": size, "low": low, "high": high}
