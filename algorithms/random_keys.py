"""JAX's random keys."""

import jax
import jax.numpy as jnp

from faastraingym.algorithms import seeding


def initial(run_seed: int) -> jax.Array:
    """Of the parameters of version 0."""
    data = jnp.asarray(seeding.key_data(run_seed, "initialise"))
    # the implementation is named, so that a setting elsewhere cannot change it
    return jax.random.wrap_key_data(data, impl="threefry2x32")
