"""Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347). Imports JAX."""

from faastraingym.algorithms.ppo.learner import initialise, project, update

__all__ = ["initialise", "project", "update"]
