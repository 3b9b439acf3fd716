"""IMPALA acts as PPO does: V-trace, too, needs how probable each action was."""

from faastraingym.algorithms.ppo.acting import (
    activations,
    actor,
    critic,
    extras,
    learner_arrays,
    policy_arrays,
)

__all__ = ["activations", "actor", "critic", "extras", "learner_arrays", "policy_arrays"]
