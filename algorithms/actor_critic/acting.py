"""The policy in NumPy: the network, whose outputs a distribution of actions reads (`sampling`).

A test holds it to Flax's network within 1e-5. A matrix product's last bits depend on the number of
rows, so a rollout's environments are always acted in together.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from faastraingym.algorithms import dense, statistics
from faastraingym.algorithms.actor_critic.sampling import distribution
from faastraingym.algorithms.environments.actions import sender
from faastraingym.algorithms.environments.observations import normalised
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks import arrays, description
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.networks.forward import forward
from faastraingym.schemas.array_specs import ArraySpec, ArraySpecs
from faastraingym.schemas.payloads import Arrays, Policy
from faastraingym.schemas.specification import RunSpec


def policy_arrays(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """The policy network's arrays; a policy of continuous actions also has a log_std."""
    network = _network("policy", spec, info, info.action_size)
    if info.continuous:
        network["policy/log_std"] = ArraySpec("<f4", info.action_size)
    return network


def learner_arrays(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """The arrays of the policy network and of the value network."""
    return policy_arrays(spec, info) | _network("value", spec, info, 1)


def activations(spec: RunSpec, info: SpaceInfo) -> int:
    """Floats in the layers of both networks."""
    return 2 * description.activations(description.trunk(spec, info), info.observation_size)


def extras(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """Nothing: a learner from the acting policy's own batch can calculate all of it."""
    return {}


def actor(
    spec: RunSpec, policy: Policy, info: SpaceInfo, exploration: Mapping[str, float]
) -> "Actor":
    """The policy, ready to act; it explores by sampling."""
    settings: Any = spec.algorithm
    trunk = description.trunk(spec, info)
    return Actor(policy, trunk, info, settings.rescale_actions is True)


class Actor:
    """A policy, whose network has `trunk`, ready to act in environments of `info`.

    `rescaled`: actions of -1 to 1 are stretched to the bounds of a Box.
    """

    def __init__(
        self, policy: Policy, trunk: Trunk, info: SpaceInfo, rescaled: bool = False
    ) -> None:
        parameters = policy.parameters
        self.trunk = forward("policy", trunk, parameters)
        self.head = dense.layer("policy/head", parameters)
        self.moments = None if policy.statistics is None else statistics.moments(policy.statistics)
        self.normalised = normalised(info)
        self.info, self.output_size = info, info.action_size
        self.distribution = distribution(info, parameters)
        self.send = sender(info, rescaled)

    def outputs(self, observations: np.ndarray) -> np.ndarray:
        """Logits or means, [B, K] float32, of observations [B, O] float32 (not normalised)."""
        x: np.ndarray = observations
        if self.moments is not None:
            mean, scale = self.moments
            x = (x - mean) * scale
            # two ufuncs: np.clip takes three times as long on arrays this small
            np.minimum(np.maximum(x, -10.0, out=x), 10.0, out=x)
            if self.normalised is not None:
                x = np.where(self.normalised, x, observations)
        return dense.linear(self.head, self.trunk(x))

    def noise(self, generator: np.random.Generator, steps: int, num_envs: int) -> np.ndarray:
        """The noise of `steps` steps, [T, B, K] float32."""
        return self.distribution.noise(generator, (steps, num_envs))

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Sampled actions: [B] or [B, A]; numbers are not clipped."""
        return self.distribution.sample(outputs, noise)

    def deterministic(self, outputs: np.ndarray) -> np.ndarray:
        """The most probable actions."""
        return self.distribution.mode(outputs)

    def log_probs(self, outputs: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """log pi(a|s), [...] float32, of outputs [..., K]."""
        return self.distribution.log_prob(outputs, actions)

    def extras(self, outputs: np.ndarray, actions: np.ndarray) -> Arrays:
        """Nothing besides the actions."""
        return {}

    def sent(self, actions: np.ndarray) -> np.ndarray:
        """Actions as the environment takes them: counted from its first, or within its bounds."""
        return self.send(actions)


def _network(which: str, spec: RunSpec, info: SpaceInfo, outputs: int) -> ArraySpecs:
    trunk, inputs = description.trunk(spec, info), info.observation_size
    head = arrays.head_specs(which, trunk, inputs, outputs)
    return arrays.trunk_specs(which, trunk, inputs) | head
