"""The Q-network in NumPy, and actions that are greedy but for a share epsilon of any.

A test holds it to the learner's network within 1e-5.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from faastraingym.algorithms.actor_critic.acting import ACTIVATIONS
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.schemas.array_specs import ArraySpec, ArraySpecs
from faastraingym.schemas.payloads import Arrays, Policy
from faastraingym.schemas.specification import RunSpec


def policy_arrays(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """The Q-network's arrays."""
    return _network("q", spec, info)


def learner_arrays(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """The arrays of the Q-network and of its target."""
    return policy_arrays(spec, info) | _network("target", spec, info)


def extras(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """Nothing: what Q-learning needs of acting is the action."""
    return {}


def activations(spec: RunSpec) -> int:
    """Floats in the hidden layers of both networks."""
    settings: Any = spec.algorithm
    return 2 * int(sum(settings.hidden_sizes))


def actor(
    spec: RunSpec, policy: Policy, info: SpaceInfo, exploration: Mapping[str, float]
) -> "Actor":
    """The policy, ready to act; it explores with the planned `epsilon`."""
    settings: Any = spec.algorithm
    return Actor(policy, settings.activation, info, exploration.get("epsilon", 0.0))


class Actor:
    """A Q-network ready to act in environments of `info`."""

    def __init__(self, policy: Policy, activation: str, info: SpaceInfo, epsilon: float) -> None:
        layers = _layers(policy.parameters)
        depth = sum(name.startswith("layer_") for name in layers)
        self.hidden = [layers[f"layer_{i}"] for i in range(depth)]
        self.head, self.value = layers["head"], layers.get("value")
        self.activate = ACTIVATIONS[activation]
        self.info, self.output_size = info, info.action_size
        self.epsilon = epsilon

    def outputs(self, observations: np.ndarray) -> np.ndarray:
        """Q(s, .), [B, A] float32, of observations [B, O] float32."""
        x: np.ndarray = observations
        for kernel, bias in self.hidden:
            x = x @ kernel
            x += bias
            self.activate(x)
        kernel, bias = self.head
        scores = x @ kernel
        scores += bias
        if self.value is not None:
            kernel, bias = self.value
            scores += x @ kernel + bias - scores.mean(axis=1, keepdims=True)
        return np.asarray(scores)

    def noise(self, generator: np.random.Generator, steps: int, num_envs: int) -> np.ndarray:
        """[T, B, 2] float64 in [0, 1): one decides whether to explore, one chooses the action."""
        return generator.random((steps, num_envs, 2))

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Greedy actions, and any action with probability epsilon, [B]."""
        anything = (noise[:, 1] * self.output_size).astype(np.int64)
        return np.where(noise[:, 0] < self.epsilon, anything, outputs.argmax(axis=1))

    def deterministic(self, outputs: np.ndarray) -> np.ndarray:
        """Greedy actions, [B]."""
        return np.asarray(outputs.argmax(axis=1))

    def sent(self, actions: np.ndarray) -> np.ndarray:
        """Actions as the environment counts them, from its first."""
        start = self.info.action_start
        return np.asarray(actions + start) if start else actions

    def extras(self, outputs: np.ndarray, actions: np.ndarray) -> Arrays:
        """Nothing besides the actions."""
        return {}


def _layers(parameters: Mapping[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    names = {path.split("/")[1] for path in parameters}
    return {n: (parameters[f"q/{n}/kernel"], parameters[f"q/{n}/bias"]) for n in names}


def _network(which: str, spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    settings: Any = spec.algorithm
    sizes = [info.observation_size, *settings.hidden_sizes]
    shapes = {f"layer_{i}": shape for i, shape in enumerate(pairwise(sizes))}
    shapes["head"] = (sizes[-1], info.action_size)
    if settings.dueling:
        shapes["value"] = (sizes[-1], 1)
    specs: ArraySpecs = {}
    for name, (above, below) in shapes.items():
        specs[f"{which}/{name}/kernel"] = ArraySpec("<f4", above, below)
        specs[f"{which}/{name}/bias"] = ArraySpec("<f4", below)
    return specs
