"""The policy in NumPy: a Gaussian whose samples tanh squashes, and the Box's bounds stretch.

A test holds it to the learner's network within 1e-5.
"""

from collections.abc import Mapping
from typing import cast

import numpy as np

from faastraingym.algorithms import dense
from faastraingym.algorithms.environments.actions import sender
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.gsde import matrices
from faastraingym.algorithms.gsde.matrices import Matrices
from faastraingym.algorithms.networks import arrays, description
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.networks.forward import forward
from faastraingym.algorithms.sac.specification import SAC
from faastraingym.algorithms.setting_types import sde
from faastraingym.schemas.array_specs import ArraySpec, ArraySpecs
from faastraingym.schemas.payloads import Arrays, Policy
from faastraingym.schemas.specification import RunSpec

CRITICS, TARGETS = ("critic_0", "critic_1"), ("target_0", "target_1")
LEAST_LOG_STD, MOST_LOG_STD = -20.0, 2.0
MOST_MEAN = 2.0  # with state-dependent noise, so that tanh leaves it room


def policy_arrays(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """The policy network's arrays."""
    trunk, size = description.trunk(spec, info), info.action_size
    if sde(spec.algorithm) is None:
        return _network("policy", trunk, info.observation_size, 2 * size)
    latent = description.output_size(trunk, info.observation_size)
    log_std = {"policy/log_std": ArraySpec("<f4", latent, size)}
    return _network("policy", trunk, info.observation_size, size) | log_std


def learner_arrays(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """The arrays of the policy, of two critics and their targets; log alpha, if it is learnt."""
    specs, inputs = policy_arrays(spec, info), info.observation_size + info.action_size
    trunk = description.joined(
        description.trunk(spec, info), info.observation_size, info.action_size
    )
    for which in (*CRITICS, *TARGETS):
        specs |= _network(which, trunk, inputs, 1)
    if cast(SAC, spec.algorithm).learns_ent_coef:
        specs["ent_coef/log"] = ArraySpec("<f4")
    return specs


def extras(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """Nothing: the learner draws actions of its own."""
    return {}


def activations(spec: RunSpec, info: SpaceInfo) -> int:
    """Floats in the layers of the two networks, of five, whose gradients live at once."""
    inputs = info.observation_size + info.action_size
    return 2 * description.activations(description.trunk(spec, info), inputs)


def actor(
    spec: RunSpec, policy: Policy, info: SpaceInfo, exploration: Mapping[str, float]
) -> "Actor":
    """The policy, ready to act; before learning starts it draws actions uniformly."""
    trunk, uniform = description.trunk(spec, info), exploration.get("uniform", 0.0) > 0.0
    if (every := sde(spec.algorithm)) is None:
        return Actor(policy, trunk, info, uniform)
    return StateDependent(policy, trunk, info, uniform, every)


class Actor:
    """A policy ready to act in environments of `info`; its actions are -1 to 1.

    `uniform`: it samples uniformly, and regards no outputs.
    """

    def __init__(self, policy: Policy, trunk: Trunk, info: SpaceInfo, uniform: bool) -> None:
        self.trunk = forward("policy", trunk, policy.parameters)
        self.head = dense.layer("policy/head", policy.parameters)
        self.send = sender(info, rescaled=True)
        self.size, self.output_size = info.action_size, 2 * info.action_size
        self.uniform = uniform

    def outputs(
        self,
        observations: np.ndarray,
        mask: np.ndarray | None = None,
        memory: np.ndarray | None = None,
    ) -> np.ndarray:
        """What `sample` needs, [B, K] float32, of observations [B, O]."""
        return self.told(self.trunk(observations))

    def told(self, latent: np.ndarray) -> np.ndarray:
        """Means and log deviations before tanh, [B, 2 A] float32, of features [B, L]."""
        return dense.linear(self.head, latent)

    def noise(self, generator: np.random.Generator, steps: int, num_envs: int) -> np.ndarray:
        """[T, B, A] float32: standard normal; of a uniform actor the actions themselves."""
        shape = (steps, num_envs, self.size)
        drawn = generator.uniform(-1.0, 1.0, shape) if self.uniform else None
        return (generator.standard_normal(shape) if drawn is None else drawn).astype(np.float32)

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """tanh(mean + std * noise), [B, A]; or actions within -1 to 1 uniformly."""
        if self.uniform:
            return noise
        log_std = np.minimum(np.maximum(outputs[..., self.size :], LEAST_LOG_STD), MOST_LOG_STD)
        return np.asarray(np.tanh(outputs[..., : self.size] + np.exp(log_std) * noise))

    def deterministic(self, outputs: np.ndarray) -> np.ndarray:
        """tanh(mean), [B, A]."""
        return np.asarray(np.tanh(outputs[..., : self.size]))

    def sent(self, actions: np.ndarray) -> np.ndarray:
        """Actions as the environment takes them: -1 and 1 are the bounds."""
        return self.send(actions)

    def extras(self, outputs: np.ndarray, actions: np.ndarray) -> Arrays:
        """Nothing besides the actions."""
        return {}


class StateDependent(Actor):
    """A policy whose noise is a function of the state; its outputs are means and features."""

    def __init__(
        self, policy: Policy, trunk: Trunk, info: SpaceInfo, uniform: bool, every: int
    ) -> None:
        super().__init__(policy, trunk, info, uniform)
        log_std = policy.parameters["policy/log_std"]
        self.matrices = Matrices(log_std, every)
        self.output_size = self.size + len(log_std)

    def told(self, latent: np.ndarray) -> np.ndarray:
        """Means before tanh and features, [B, A + L] float32."""
        mean = np.clip(dense.linear(self.head, latent), -MOST_MEAN, MOST_MEAN)
        return np.concatenate([mean, latent], axis=1)

    def noise(self, generator: np.random.Generator, steps: int, num_envs: int) -> np.ndarray:
        """Noise matrices, [T, B, L, A] float32; of a uniform actor the actions, [T, B, A]."""
        if self.uniform:
            return super().noise(generator, steps, num_envs)
        return self.matrices.steps(generator, steps, num_envs)

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """tanh(mean + z W), [B, A]; or actions within -1 to 1 uniformly."""
        if self.uniform:
            return noise
        mean, latent = outputs[:, : self.size], outputs[:, self.size :]
        return np.asarray(np.tanh(mean + matrices.noise(latent, noise)))


def _network(which: str, trunk: Trunk, inputs: int, outputs: int) -> ArraySpecs:
    head = arrays.head_specs(which, trunk, inputs, outputs)
    return arrays.trunk_specs(which, trunk, inputs) | head
