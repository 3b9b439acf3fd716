"""Values of a space, and batches of them, as they travel."""

from typing import Any

import numpy as np
from gymnasium import spaces as gymnasiums
from gymnasium.spaces import Space


def sent(space: Space[Any], value: Any, axes: int) -> Any:
    """A value of a space, or a batch of them, as it travels with so many axes before it."""
    if isinstance(space, gymnasiums.Dict):
        return {name: sent(part, value[name], axes) for name, part in space.spaces.items()}
    if isinstance(space, gymnasiums.Tuple):
        return [sent(part, value[i], axes) for i, part in enumerate(space.spaces)]
    return np.asarray(value)[(np.newaxis,) * axes]


def received(space: Space[Any], batch: Any, at: Any) -> Any:
    """The value, or the batch, at this index of a batch that arrived; it may be written to."""
    if isinstance(space, gymnasiums.Dict):
        return {name: received(part, batch[name], at) for name, part in space.spaces.items()}
    if isinstance(space, gymnasiums.Tuple):
        return tuple(received(part, batch[i], at) for i, part in enumerate(space.spaces))
    found = batch[at]
    # Gymnasium's own are numbers of a Discrete, but arrays of a Box without axes.
    return found if isinstance(space, gymnasiums.Discrete) else np.array(found)


def info_of(told: Any) -> Any:
    """What an environment told; a number of NumPy's came as an array without axes."""
    if isinstance(told, np.ndarray):
        return np.array(told) if told.ndim else told[()]
    if isinstance(told, dict):
        return {name: info_of(value) for name, value in told.items()}
    return [info_of(value) for value in told] if isinstance(told, list) else told


def merged(space: Space[Any], whole: Any, part: Any, mask: np.ndarray) -> Any:
    """The batch `whole` [B, ...] with `part` [K, ...] where `mask` [B] is true K times."""
    if isinstance(space, gymnasiums.Dict):
        return {k: merged(each, whole[k], part[k], mask) for k, each in space.spaces.items()}
    if isinstance(space, gymnasiums.Tuple):
        return tuple(merged(each, whole[i], part[i], mask) for i, each in enumerate(space.spaces))
    found = np.array(whole)
    found[mask] = part
    return found
