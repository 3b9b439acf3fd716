"""Advantage estimation with separate next values, in JAX. Time is the first axis, [T, ...]."""

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
