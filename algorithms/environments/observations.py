"""Observations as trajectories hold them, in the space's dtype and shape, and as networks do.

Those of a Dict or Tuple space are arrays by the paths of their parts (`leaves`).
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from faastraingym.algorithms.environments.leaves import Leaf, at
from faastraingym.algorithms.environments.masks import OBSERVATION, booleans
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.schemas.errors import PayloadError


def stored(observations: Any, info: SpaceInfo) -> Any:
    """A batch of the environment's observations, [B, ...], as a trajectory holds them.

    Those of a Discrete space are numbered from its first, as actions are.

    Raises:
        ValueError: an observation that its Discrete space does not contain; of masks a Misfit.
        LookupError, TypeError: a part is missing.
    """
    if info.leaves:
        return of_parts({leaf.path: at(observations, leaf.path) for leaf in info.leaves}, info)
    batch = np.asarray(observations)
    if info.observation_start is not None:
        first, size = info.observation_start, info.observation_size
        outside = (batch < first) | (batch >= first + size)
        if outside.any():
            raise ValueError(
                f"observation {batch[outside][0]} is not in Discrete({size}), {first} to "
                f"{first + size - 1}"
            )
        batch = batch - first
    return batch.astype(info.observation_dtype, copy=False)


def of_parts(parts: Mapping[str, Any], info: SpaceInfo) -> Any:
    """As `stored`, of a batch of each leaf by its path.

    Raises:
        ValueError: a choice that its Discrete or MultiDiscrete space does not contain.
    """
    named = {leaf.path: _stored(parts[leaf.path], leaf) for leaf in info.leaves}
    return named if info.has_parts else named[""]


def alone(observation: Any, info: SpaceInfo) -> Any:
    """One observation as a stored batch, [1, ...]; raises as `stored` does."""
    return stored(_batched(observation) if info.leaves else [observation], info)


def features(observations: Any, info: SpaceInfo) -> np.ndarray:
    """A network's inputs, [..., O] float32, of stored ones: flat, one-hot, side by side."""
    if info.leaves:
        named = observations if info.has_parts else {"": observations}
        read = [of_leaf(named[leaf.path], leaf) for leaf in info.leaves if leaf.kind != "mask"]
        return np.concatenate(read, axis=-1)
    if info.observation_start is not None:
        numbers = np.arange(info.observation_size)
        return np.asarray(observations[..., None] == numbers, np.float32)
    leading = observations.shape[: observations.ndim - len(info.observation_shape)]
    flat: np.ndarray = observations.reshape(*leading, -1).astype(np.float32, copy=False)
    return flat


def compact(observations: Any, info: SpaceInfo) -> np.ndarray:
    """As `features`, but of one uint8 Box the bytes, which a learner's program makes floats."""
    if not info.leaves and observations.dtype == np.uint8 and info.observation_start is None:
        leading = observations.shape[: observations.ndim - len(info.observation_shape)]
        return np.asarray(observations.reshape(*leading, -1))
    return features(observations, info)


def of_leaf(part: np.ndarray, leaf: Leaf) -> np.ndarray:
    """The inputs, [..., size] float32, of one part."""
    flat = part.reshape(*part.shape[: part.ndim - len(leaf.shape)], -1)
    if leaf.choices:
        elements, values = one_hot(leaf.choices)
        return np.asarray(flat[..., elements] == values, np.float32)
    read = flat.astype(np.float32, copy=False)
    return np.asarray(read / np.float32(255)) if leaf.kind == "image" else read


def own_path(path: str, info: SpaceInfo) -> str:
    """A part's path in the environment's own observation, which has no masks in `info` beside."""
    return path.removeprefix(OBSERVATION).lstrip("/") if info.mask_is_in_info else path


def normalised(info: SpaceInfo) -> np.ndarray | None:
    """Which inputs running statistics may normalise, [O] bool: numbers; None: all."""
    if not info.leaves:
        return None
    return np.concatenate([np.full(leaf.size, leaf.kind == "numbers") for leaf in info.leaves])


def of_any_version(observations: Any, info: SpaceInfo) -> Any:
    """A trajectory's, [T+1, B, ...]; older ones hold features, which become what they came of.

    Raises:
        PayloadError: they are one where they should be several by name, or the other way round.
    """
    if isinstance(observations, dict) != info.has_parts:
        words = ("one array", "several") if info.has_parts else ("several arrays", "one")
        raise PayloadError(f"Trajectory.observations: found {words[0]}; allowed: {words[1]}")
    if info.leaves:
        return observations
    own = (np.dtype(info.observation_dtype), info.observation_shape)
    older = (np.dtype(np.float32), (info.observation_size,))
    found = (observations.dtype, observations.shape[2:])
    if found == own or found != older:
        return observations
    if info.observation_start is not None:
        return np.asarray(observations.argmax(axis=-1), info.observation_dtype)
    shape = (*observations.shape[:2], *info.observation_shape)
    return observations.reshape(shape).astype(info.observation_dtype)


def empty(info: SpaceInfo, *leading: int) -> Any:
    """Room for stored observations, [*leading, ...]."""
    parts = {part.path: np.empty((*leading, *part.shape), part.dtype) for part in info.parts}
    return parts if info.has_parts else parts[""]


def pick(observations: Any, index: Any) -> Any:
    """`observations[index]`, of each part."""
    if isinstance(observations, dict):
        return {path: part[index] for path, part in observations.items()}
    return observations[index]


def last(observations: Any) -> Any:
    """A copy of the last in time, of each part: a view would keep all of them."""
    if isinstance(observations, dict):
        return {path: part[-1].copy() for path, part in observations.items()}
    return observations[-1].copy()


def put(observations: Any, index: Any, found: Any) -> None:
    """`observations[index] = found`, of each part."""
    if isinstance(observations, dict):
        for path, part in observations.items():
            part[index] = found[path]
    else:
        observations[index] = found


def joined(several: Sequence[Any]) -> Any:
    """One after the other in time, of each part."""
    if isinstance(several[0], dict):
        return {path: np.concatenate([each[path] for each in several]) for path in several[0]}
    return np.concatenate(several)


def _stored(batch: Any, leaf: Leaf) -> np.ndarray:
    found = np.asarray(batch)
    if leaf.kind == "mask":
        return booleans(found, leaf.words, sum(leaf.choices))
    if leaf.choices:
        starts = np.array(leaf.starts, found.dtype).reshape(leaf.shape)
        sizes = np.array(leaf.choices).reshape(leaf.shape)
        outside = (found < starts) | (found >= starts + sizes)
        if outside.any():
            wrong = found[outside][0]
            raise ValueError(f"{leaf.words} has {wrong}, which its space does not contain")
        found = found - starts
    return found.astype(leaf.dtype, copy=False)


def _batched(observation: Any) -> Any:
    if isinstance(observation, dict):
        return {name: _batched(part) for name, part in observation.items()}
    if isinstance(observation, tuple):
        return tuple(map(_batched, observation))
    return np.asarray(observation)[None]


@functools.cache
def one_hot(choices: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The element that each input is of, and the choice that it marks."""
    elements = np.repeat(np.arange(len(choices)), choices)
    return elements, np.concatenate([np.arange(number) for number in choices])
