"""Observations as trajectories hold them, in the space's dtype and shape, and as networks do."""

from typing import Any

import numpy as np

from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.schemas.errors import PayloadError


def stored(observations: Any, info: SpaceInfo) -> np.ndarray:
    """A batch of the environment's observations, [B, ...], as a trajectory holds them.

    Those of a Discrete space are numbered from its first, as actions are.

    Raises:
        ValueError: an observation that its Discrete space does not contain.
    """
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


def features(observations: np.ndarray, info: SpaceInfo) -> np.ndarray:
    """A network's inputs, [..., O] float32, of stored ones [..., *shape]: flat, or one-hot."""
    if info.observation_start is not None:
        numbers = np.arange(info.observation_size)
        return np.asarray(observations[..., None] == numbers, np.float32)
    leading = observations.shape[: observations.ndim - len(info.observation_shape)]
    return observations.reshape(*leading, -1).astype(np.float32, copy=False)


def of_any_version(observations: Any, info: SpaceInfo) -> np.ndarray:
    """A trajectory's, [T+1, B, ...]; older ones hold features, which become what they came of.

    Raises:
        PayloadError: they are several by name, which no algorithm reads yet.
    """
    if not isinstance(observations, np.ndarray):
        raise PayloadError("Trajectory.observations: found several arrays; allowed: one")
    own = (np.dtype(info.observation_dtype), info.observation_shape)
    older = (np.dtype(np.float32), (info.observation_size,))
    found = (observations.dtype, observations.shape[2:])
    if found == own or found != older:
        return observations
    if info.observation_start is not None:
        return np.asarray(observations.argmax(axis=-1), info.observation_dtype)
    shape = (*observations.shape[:2], *info.observation_shape)
    return observations.reshape(shape).astype(info.observation_dtype)
