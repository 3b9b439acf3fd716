"""Advantages and value targets of a batch, of which an algorithm's `Method.estimate` is one."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from faastraingym.algorithms import returns
from faastraingym.algorithms.actor_critic.losses import approximate_kl

MOST_LOG_RATIO = 20.0


class Steps(NamedTuple):
    """The steps of a batch as the version that learns sees them, [T, B] each."""

    rewards: jax.Array  # float32
    values: jax.Array  # V(s_t), float32
    next_values: jax.Array  # V of the true successor, after a truncation of the final observation
    terminated: jax.Array  # bool
    ended: jax.Array  # terminated or truncated, bool
    valid: jax.Array  # bool; a reset's pseudo-transition is not
    # log pi(a|s) / mu(a|s), float32; pi learns and mu acted. 0 where a step is not valid, and
    # unless the method `compares` them
    log_ratios: jax.Array


Estimates = tuple[jax.Array, jax.Array]  # advantages and value targets, [T, B] float32 each


def generalized(settings: Any, steps: Steps) -> Estimates:
    """Generalised advantages A_t by `gamma` and `gae_lambda`, and A_t + V(s_t)."""
    deltas = returns.td_errors(
        steps.rewards, steps.values, steps.next_values, steps.terminated, settings.gamma
    )
    advantages = returns.generalized_advantages(
        deltas, steps.ended, steps.valid, settings.gamma, settings.gae_lambda
    )
    return advantages, advantages + steps.values


def log_ratios(log_probs: jax.Array, acting: jax.Array, valid: jax.Array) -> jax.Array:
    """log pi(a|s) / mu(a|s) of both log-probabilities, and 0 where a sample is not valid."""
    return jnp.where(valid, log_probs - acting, 0.0)


def staleness_kl(ratios: jax.Array, valid: jax.Array) -> jax.Array:
    """How far the policy that learns is from the one that acted, by `log_ratios`, [N].

    Finite however far that is, as what is learnt is by truncated weights: a diagnostic must not end
    a run. A ratio counts as e^20 at most.
    """
    return approximate_kl(jnp.minimum(ratios, MOST_LOG_RATIO), valid)
