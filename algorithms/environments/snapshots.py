"""The state of known environments as arrays: which attributes, as a table.

An environment whose layers are not all in the table is continued by replaying its actions.
"""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np

# The attributes that are each layer's state, besides its random generator, from which only resets
# draw.
LAYERS: dict[str, tuple[str, ...]] = {
    "gymnasium.envs.classic_control.acrobot.AcrobotEnv": ("state",),
    "gymnasium.envs.classic_control.cartpole.CartPoleEnv": ("state",),
    "gymnasium.envs.classic_control.cartpole.CartPoleVectorEnv": ("state", "steps", "prev_done"),
    "gymnasium.envs.classic_control.continuous_mountain_car.Continuous_MountainCarEnv": ("state",),
    "gymnasium.envs.classic_control.mountain_car.MountainCarEnv": ("state",),
    "gymnasium.envs.classic_control.pendulum.PendulumEnv": ("state",),
    "gymnasium.wrappers.common.OrderEnforcing": (),  # a reset before the restoring is enough
    "gymnasium.wrappers.common.TimeLimit": ("_elapsed_steps",),
}

Layer = Any  # a wrapper, an environment or a vector environment


def supports(environment: Layer) -> bool:
    """Whether all layers of `environment` are in the table."""
    return all(name_of(type(layer)) in LAYERS for layer in _layers(environment))


def take(environment: Layer) -> dict[str, np.ndarray]:
    """The state, one array per attribute. Each attribute occurs in one layer only."""
    return {name: np.array(getattr(layer, name)) for layer, name in attributes(environment)}


def columns(several: Sequence[Sequence[tuple[Layer, str]]]) -> dict[str, Any]:
    """What `take` gives of several environments, whose `attributes` these are, by attribute.

    One array of all, or a list where they are not alike.
    """
    return {
        name: _column([getattr(layer, name) for layer, name in column])
        for column in zip(*several, strict=True)
        for name in [column[0][1]]
    }


def _column(values: list[Any]) -> Any:
    if all(type(value) is int for value in values):  # as steps are counted
        return np.array(values)
    arrays = [np.asarray(value) for value in values]
    dtype, shape = arrays[0].dtype, arrays[0].shape
    alike = all(array.dtype == dtype and array.shape == shape for array in arrays)
    return np.array(arrays) if alike else [array.copy() for array in arrays]


def of_one(vector: Layer, place: int) -> dict[str, np.ndarray]:
    """What a single environment has of a vector's state: attributes whose last axis is the place.

    Those that count a vector's steps are wrappers' of a single one, which has its own.
    """
    return {name: array[..., place] for name, array in take(vector).items() if array.ndim > 1}


def put(environment: Layer, snapshot: dict[str, np.ndarray]) -> None:
    """Puts an environment that was just reset where `take` found another one."""
    for layer, name in attributes(environment):
        value = snapshot[name]
        setattr(layer, name, value.copy() if value.ndim else value.item())


def name_of(kind: type) -> str:
    """A class's full name, as the table has it."""
    return f"{kind.__module__}.{kind.__qualname__}"


def attributes(environment: Layer) -> list[tuple[Layer, str]]:
    """The layers of an environment in the table, each with the name of a part of its state."""
    layers = _layers(environment)
    return [(layer, name) for layer in layers for name in LAYERS[name_of(type(layer))]]


def _layers(environment: Layer) -> list[Layer]:
    """The environment's layers, outermost first."""
    layers = [environment]
    while isinstance(layers[-1], gymnasium.Wrapper):
        layers.append(layers[-1].env)
    return layers
