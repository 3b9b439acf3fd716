"""The deviations of state-dependent noise, as a learner differentiates them."""

import jax
import jax.numpy as jnp

from faastraingym.algorithms.gsde.matrices import LEAST_VARIANCE


def log_deviation(latent: jax.Array, log_std: jax.Array) -> jax.Array:
    """As `matrices.log_deviation`."""
    return 0.5 * jnp.log(jnp.square(latent) @ jnp.exp(2.0 * log_std) + LEAST_VARIANCE)
