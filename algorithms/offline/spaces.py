"""Stored observations as the environment gave them: the inverse of `observations.stored`."""

from typing import Any

import numpy as np
from gymnasium.spaces import Dict, Space, Tuple

from faastraingym.algorithms.environments.leaves import inside


def given(stored: Any, space: Space[Any], path: str = "") -> Any:
    """Observations, [N, ...], in the form of their space: of parts, as tables and tuples.

    Args:
        stored: one array, or arrays by the paths of the parts of `space`.
        space: the environment's.
        path: of `space`, in the environment's.
    """
    if isinstance(space, Dict):
        return {name: given(stored, part, inside(path, name)) for name, part in space.items()}
    if isinstance(space, Tuple):
        parts = enumerate(space.spaces)
        return tuple(given(stored, part, inside(path, i)) for i, part in parts)
    numbers = stored[path] if isinstance(stored, dict) else stored
    first = getattr(space, "start", 0)  # of Discrete and MultiDiscrete; they are kept from 0
    return np.asarray(numbers + first, space.dtype)
