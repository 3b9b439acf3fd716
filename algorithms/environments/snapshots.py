"""The state of known environments as arrays: which attributes, as a table.

An environment whose layers are not all in the table is continued by replaying its actions.
"""

from typing import Any

import gymnasium
import numpy as np

# The attributes that are each layer's state, besides its random generator.
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
    return taken(attributes(environment))


def taken(attributes: list[tuple[Layer, str]]) -> dict[str, np.ndarray]:
    """The state of an environment whose `attributes` these are: `take`, for many times."""
    return {name: np.array(getattr(layer, name)) for layer, name in attributes}


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
