"""A2C's policy is every actor-critic's."""

from faastraingym.algorithms.actor_critic.graph import drawn

__all__ = ["drawn"]
