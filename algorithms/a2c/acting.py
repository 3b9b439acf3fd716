"""A2C acts as every actor-critic does; its learner needs no extra arrays of acting."""

from faastraingym.algorithms.actor_critic.acting import (
    activations,
    actor,
    extras,
    learner_arrays,
    policy_arrays,
)

__all__ = ["activations", "actor", "extras", "learner_arrays", "policy_arrays"]
