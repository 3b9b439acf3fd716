"""A2C acts as every actor-critic does; its learner needs no extra arrays of acting."""

from faastraingym.algorithms.actor_critic.acting import (
    activations,
    actor,
    extras,
    learner_arrays,
    policy_arrays,
)
from faastraingym.algorithms.actor_critic.valuing import Critic as critic  # noqa: N813

__all__ = ["activations", "actor", "critic", "extras", "learner_arrays", "policy_arrays"]
