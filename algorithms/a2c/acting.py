"""A2C acts as every actor-critic does, and its learner needs nothing that it does not see."""

from faastraingym.algorithms.actor_critic.acting import (
    activations,
    actor,
    extras,
    learner_arrays,
    policy_arrays,
)

__all__ = ["activations", "actor", "extras", "learner_arrays", "policy_arrays"]
