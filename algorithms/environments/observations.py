"""Observations as networks read them."""

from typing import Any

import numpy as np

from faastraingym.algorithms.environments.space_info import SpaceInfo


def encode(observations: Any, info: SpaceInfo) -> np.ndarray:
    """A batch of the environment's observations, as [B, O]: flattened, or one-hot.

    Raises:
        ValueError: an observation that its Discrete space does not contain.
    """
    batch = np.asarray(observations)
    if info.observation_start is None:
        return batch.reshape(len(batch), -1)
    chosen = batch - info.observation_start
    outside = (chosen < 0) | (chosen >= info.observation_size)
    if outside.any():
        first, size = info.observation_start, info.observation_size
        raise ValueError(
            f"observation {batch[outside][0]} is not in Discrete({size}), {first} to "
            f"{first + size - 1}"
        )
    one_hot = np.zeros((len(batch), info.observation_size), np.float32)
    one_hot[np.arange(len(batch)), chosen] = 1.0
    return one_hot
