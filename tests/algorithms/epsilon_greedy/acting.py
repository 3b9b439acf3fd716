"""A test algorithm's actor, which records the epsilon that it was given."""

from collections.abc import Mapping

import numpy as np

from faastraingym.algorithms.actor_critic import acting
from faastraingym.algorithms.actor_critic.acting import activations, learner_arrays, policy_arrays
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.schemas.array_specs import ArraySpec, ArraySpecs
from faastraingym.schemas.payloads import Arrays, Policy
from faastraingym.schemas.specification import RunSpec

__all__ = ["activations", "actor", "extras", "learner_arrays", "policy_arrays"]


class Actor(acting.Actor):
    """Samples from noise in [0, 1): one number decides whether to explore, one chooses."""

    def __init__(self, policy: Policy, info: SpaceInfo, epsilon: float) -> None:
        super().__init__(policy, Trunk((), "tanh"), info)
        self.epsilon = epsilon

    def noise(self, generator: np.random.Generator, steps: int, num_envs: int) -> np.ndarray:
        return generator.random((steps, num_envs, 2))

    def sample(self, outputs: np.ndarray, noise: np.ndarray) -> np.ndarray:
        any_action = (noise[:, 1] * self.info.action_size).astype(np.int64)
        return np.where(noise[:, 0] < self.epsilon, any_action, outputs.argmax(axis=1))

    def extras(self, outputs: np.ndarray, actions: np.ndarray) -> Arrays:
        return {
            "epsilons": np.full(actions.shape, self.epsilon),
            "greedy": actions == outputs.argmax(axis=-1),
        }


def extras(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    return {"epsilons": ArraySpec("<f8", "T", "B"), "greedy": ArraySpec("|b1", "T", "B")}


def actor(
    spec: RunSpec, policy: Policy, info: SpaceInfo, exploration: Mapping[str, float]
) -> Actor:
    return Actor(policy, info, exploration["epsilon"])
