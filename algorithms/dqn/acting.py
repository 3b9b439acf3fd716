"""The Q-network in NumPy, and actions that are greedy but for a share epsilon of any.

A test holds it to the learner's network within 1e-5.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from faastraingym.algorithms import dense
from faastraingym.algorithms.actor_critic.sampling import ABSENT, masked
from faastraingym.algorithms.environments.actions import sender
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks import arrays, description
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.networks.forward import forward
from faastraingym.schemas.array_specs import ArraySpecs
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


def activations(spec: RunSpec, info: SpaceInfo) -> int:
    """Floats in the layers of both networks."""
    return 2 * description.activations(description.trunk(spec, info), info.observation_size)


def actor(
    spec: RunSpec, policy: Policy, info: SpaceInfo, exploration: Mapping[str, float]
) -> "Actor":
    """The policy, ready to act; it explores with the planned `epsilon`."""
    trunk = description.trunk(spec, info)
    return Actor(policy, trunk, info, exploration.get("epsilon", 0.0))


class Actor:
    """A Q-network with `trunk`, ready to act in environments of `info`."""

    def __init__(self, policy: Policy, trunk: Trunk, info: SpaceInfo, epsilon: float) -> None:
        parameters = policy.parameters
        self.trunk = forward("q", trunk, parameters)
        self.head = dense.layer("q/head", parameters)
        is_dueling = "q/value/kernel" in parameters
        self.value = dense.layer("q/value", parameters) if is_dueling else None
        self.send, self.output_size = sender(info), info.action_size
        self.epsilon, self.is_masked = epsilon, info.mask is not None

    def outputs(
        self,
        observations: np.ndarray,
        mask: np.ndarray | None = None,
        memory: np.ndarray | None = None,
    ) -> np.ndarray:
        """Q(s, .), [B, A] float32, of observations [B, O] float32; the least where not valid."""
        x = self.trunk(observations)
        scores = dense.linear(self.head, x)
        if self.value is not None:
            kernel, bias = self.value
            scores += x @ kernel + bias - scores.mean(axis=1, keepdims=True)
        return np.asarray(scores) if mask is None else masked(scores, mask, bits=False)

    def noise(self, generator: np.random.Generator, steps: int, num_envs: int) -> np.ndarray:
        """[T, B, 2] float64 in [0, 1): one decides whether to explore, one chooses the action."""
        return generator.random((steps, num_envs, 2))

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Greedy actions, and any that is valid with probability epsilon, [B]."""
        if self.is_masked:
            anything = _any_valid(outputs > ABSENT, noise[:, 1])
        else:
            anything = (noise[:, 1] * self.output_size).astype(np.int64)
        return np.where(noise[:, 0] < self.epsilon, anything, outputs.argmax(axis=1))

    def deterministic(self, outputs: np.ndarray) -> np.ndarray:
        """Greedy actions, [B]."""
        return np.asarray(outputs.argmax(axis=1))

    def values(self, outputs: np.ndarray) -> np.ndarray:
        """V(s) = max_a Q(s, a), [B] float32, of what `outputs` gave."""
        return np.asarray(outputs.max(axis=1))

    def sent(self, actions: np.ndarray) -> np.ndarray:
        """Actions as the environment counts them, from its first."""
        return self.send(actions)

    def extras(self, outputs: np.ndarray, actions: np.ndarray) -> Arrays:
        """Nothing besides the actions."""
        return {}


def _any_valid(valid: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """One of the valid actions, [B], each as probable, of `valid` [B, A] and uniform noise [B]."""
    numbers = valid.cumsum(axis=1)
    chosen = (noise * numbers[:, -1]).astype(np.int64)  # counted among the valid ones
    return np.asarray((numbers > chosen[:, None]).argmax(axis=1))


def _network(which: str, spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    settings: Any = spec.algorithm
    trunk, inputs = description.trunk(spec, info), info.observation_size
    specs = arrays.trunk_specs(which, trunk, inputs)
    specs |= arrays.head_specs(which, trunk, inputs, info.action_size)
    if settings.dueling:
        specs |= arrays.head_specs(which, trunk, inputs, 1, "value")
    return specs
