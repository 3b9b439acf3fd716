"""Numbers that nothing can be learnt from are refused where they come from: the environment."""

from typing import Any

import numpy as np

from faastraingym.algorithms.environments.observations import features, of_leaf
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.errors import EnvironmentFailed


def refuse_non_finite(
    name: str, values: np.ndarray, counted: np.ndarray, where: str, first_step: int
) -> None:
    """Refuses `values` [T, B, ...], called `name`, where `counted` [T, B] marks them.

    `first_step` gave `values[0]`; -1 is the reset before step 0.

    Raises:
        EnvironmentFailed: a number is NaN or infinite; the text names the first, after `where`.
    """
    wrong = ~np.isfinite(values) & counted.reshape(counted.shape + (1,) * (values.ndim - 2))
    if not wrong.any():
        return
    place = tuple(np.argwhere(wrong)[0])  # in row-major order: the first in time
    step, environment, *element = map(int, place)
    moment = f"step {first_step + step}" if first_step + step >= 0 else "reset"
    part = f" element {element[0]}" if element else ""
    value = str(values[place])
    if np.isinf(values[place]) and values.dtype == np.float32:  # it may have been finite before
        value += f", or beyond float32's largest number, {np.finfo(np.float32).max:.3g}"
    raise EnvironmentFailed(
        f"{where}, {moment}, environment {environment}: {name}{part} is {value}; "
        "an environment must give finite numbers"
    )


def refuse_observations(
    observations: Any, info: SpaceInfo, counted: np.ndarray, where: str, first_step: int
) -> None:
    """As `refuse_non_finite`, of stored observations [T, B, ...]; a part is named by its path."""
    if not info.leaves:
        if np.dtype(info.observation_dtype).kind == "f":  # other dtypes are finite
            read = features(observations, info)
            refuse_non_finite("observation", read, counted, where, first_step)
        return
    for leaf in info.leaves:
        if np.dtype(leaf.dtype).kind == "f":
            read = of_leaf(observations[leaf.path], leaf)
            refuse_non_finite(leaf.words, read, counted, where, first_step)
