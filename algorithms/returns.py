"""Advantage estimation with separate next values, in JAX. Time is the first axis, [T, ...]."""

from typing import Any

import jax
import jax.numpy as jnp


def td_errors(
    rewards: jax.Array,
    values: jax.Array,
    next_values: jax.Array,
    terminated: jax.Array,
    gamma: float,
) -> jax.Array:
    """delta_t = r_t + gamma (1 - terminated_t) V(s_{t+1}) - V(s_t), [T, ...] float32.

    `next_values[t]` is of the true successor of s_t: after a truncation the final observation,
    never the reset one. Termination wins where an episode was truncated in the same step.
    """
    return rewards + gamma * jnp.where(terminated, 0.0, next_values) - values


def generalized_advantages(
    deltas: jax.Array, ended: jax.Array, valid: jax.Array, gamma: float, gae_lambda: float
) -> jax.Array:
    """A_t = delta_t + gamma lambda (1 - ended_t) A_{t+1}, and 0 where a transition is not valid.

    Schulman et al. 2016, arXiv 1506.02438, equation 16, with the trace cut where an episode
    terminated or was truncated. A reset's pseudo-transition is not valid.
    """

    def backward(
        following: jax.Array, step: tuple[jax.Array, jax.Array, jax.Array]
    ) -> tuple[jax.Array, jax.Array]:
        delta, end, counts = step
        trace = jnp.where(end, 0.0, following)
        advantage = jnp.where(counts, delta + gamma * gae_lambda * trace, 0.0)
        return advantage, advantage

    start = jnp.zeros_like(deltas[0])
    return jax.lax.scan(backward, start, (deltas, ended, valid), reverse=True)[1]


def vtrace(
    deltas: jax.Array,
    ratios: jax.Array,
    ended: jax.Array,
    valid: jax.Array,
    gamma: float,
    trace_lambda: float,
    rho_bar: float,
    c_bar: float,
) -> tuple[jax.Array, jax.Array]:
    """V-trace's corrections v_t - V(s_t) and its advantages, [T, ...] float32 each.

    Espeholt et al. 2018, arXiv 1802.01561, section 4, with rho_t = min(rho_bar, ratio_t) and
    c_t = trace_lambda min(c_bar, ratio_t), and the trace cut where an episode ended:

        v_t - V(s_t) = rho_t delta_t + gamma c_t (v_{t+1} - V(s_{t+1}))
        A_t = rho_t (delta_t + gamma trace_lambda (v_{t+1} - V(s_{t+1})))

    With `trace_lambda` 1 that is the paper's rho_t (r_t + gamma v_{t+1} - V(s_t)); below 1 the
    advantages look less far ahead too, as in rlax. With ratios of 1 both are generalised
    advantages. Where a transition is not valid, as a reset's pseudo-transition, both are 0.

    Args:
        deltas: of `td_errors`, which bootstraps truncated episodes from their final observation.
        ratios: pi(a|s) / mu(a|s) of the policy that learns to the one that acted; inf is allowed.
        ended: terminated or truncated.
        valid: whether a transition counts.
        gamma, trace_lambda, rho_bar, c_bar: the discount, and how traces are cut and truncated.
    """
    rhos, cuts = jnp.minimum(rho_bar, ratios), trace_lambda * jnp.minimum(c_bar, ratios)

    def backward(following: jax.Array, step: tuple[jax.Array, ...]) -> tuple[jax.Array, Any]:
        delta, rho, cut, end, counts = step
        trace = gamma * jnp.where(end, 0.0, following)
        correction = jnp.where(counts, rho * delta + cut * trace, 0.0)
        advantage = jnp.where(counts, rho * (delta + trace_lambda * trace), 0.0)
        return correction, (correction, advantage)

    start, steps = jnp.zeros_like(deltas[0]), (deltas, rhos, cuts, ended, valid)
    corrections, advantages = jax.lax.scan(backward, start, steps, reverse=True)[1]
    return corrections, advantages
