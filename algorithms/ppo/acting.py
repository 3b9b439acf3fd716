"""PPO acts as every actor-critic does, and remembers how probable each action was."""

from collections.abc import Mapping

import numpy as np

from faastraingym.algorithms.actor_critic import acting
from faastraingym.algorithms.actor_critic.acting import activations, learner_arrays, policy_arrays
from faastraingym.algorithms.actor_critic.valuing import Critic as critic  # noqa: N813
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.schemas.array_specs import ArraySpec, ArraySpecs
from faastraingym.schemas.payloads import Arrays, Policy
from faastraingym.schemas.specification import RunSpec

__all__ = ["activations", "actor", "critic", "extras", "learner_arrays", "policy_arrays"]


class Actor(acting.Actor):
    """A policy that records log mu(a|s), the denominator of PPO's ratio."""

    def extras(self, outputs: np.ndarray, actions: np.ndarray) -> Arrays:
        """`log_probs`, [T, B] float32, under the policy that acts."""
        return {"log_probs": self.log_probs(outputs, actions)}


def extras(spec: RunSpec, info: SpaceInfo) -> ArraySpecs:
    """`log_probs`: one number for each action."""
    return {"log_probs": ArraySpec("<f4", "T", "B")}


def actor(
    spec: RunSpec, policy: Policy, info: SpaceInfo, exploration: Mapping[str, float]
) -> Actor:
    """The policy, ready to act; it explores by sampling."""
    return acting.made(Actor, spec, policy, info)
