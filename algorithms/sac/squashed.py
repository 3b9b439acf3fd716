"""A Gaussian whose samples tanh squashes and a scale stretches: what is drawn, and its density.

Haarnoja et al. 2018, arXiv 1812.05905, appendix C.
"""

import math

import jax
import jax.numpy as jnp

from faastraingym.algorithms.actor_critic.sampling import HALF_LOG_TWO_PI
from faastraingym.algorithms.sac.acting import LEAST_LOG_STD, MOST_LOG_STD


def drawn(outputs: jax.Array, noise: jax.Array, log_scale: float) -> tuple[jax.Array, jax.Array]:
    """tanh(u), [..., A], and log pi of scale * tanh(u), [...], with u = mean + std * noise.

    Args:
        outputs: means and log deviations of u, [..., 2 A].
        noise: standard normal, [..., A].
        log_scale: the sum over the elements of log((high - low) / 2): the density is of actions in
            the environment's own units.
    """
    mean, log_std = jnp.split(outputs, 2, axis=-1)
    log_std = jnp.clip(log_std, LEAST_LOG_STD, MOST_LOG_STD)
    raw = mean + jnp.exp(log_std) * noise
    terms = -0.5 * jnp.square(noise) - log_std - HALF_LOG_TWO_PI - log_slope(raw)
    return jnp.tanh(raw), terms.sum(axis=-1) - log_scale


def log_slope(raw: jax.Array) -> jax.Array:
    """log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2u)), finite however large |u| is."""
    return 2.0 * (math.log(2.0) - raw - jax.nn.softplus(-2.0 * raw))
