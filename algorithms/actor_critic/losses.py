"""Terms of losses. Each is a mean over the samples that `valid` marks, N of them."""

import jax
import jax.numpy as jnp

ADVANTAGE_EPSILON = 1e-8


def masked_mean(x: jax.Array, valid: jax.Array) -> jax.Array:
    """Mean of `x`, [N], over valid samples; 0 if there are none."""
    return jnp.where(valid, x, 0.0).sum() / jnp.maximum(valid.sum(), 1)


def normalized(advantages: jax.Array, valid: jax.Array) -> jax.Array:
    """Advantages with mean 0 and deviation 1 over the minibatch's valid samples, [N]."""
    centred = advantages - masked_mean(advantages, valid)
    deviation = jnp.sqrt(masked_mean(jnp.square(centred), valid))
    return centred / (deviation + ADVANTAGE_EPSILON)


def approximate_kl(log_ratio: jax.Array, valid: jax.Array) -> jax.Array:
    """mean (r - 1) - log r, Schulman's unbiased, non-negative estimate of KL(mu, pi)."""
    return masked_mean(jnp.expm1(log_ratio) - log_ratio, valid)


def value_loss(values: jax.Array, targets: jax.Array, valid: jax.Array) -> jax.Array:
    """mean (V(s) - target)^2; without a half, so that `vf_coef` means what it does in the zoo."""
    return masked_mean(jnp.square(values - targets), valid)


def explained_variance(values: jax.Array, targets: jax.Array, valid: jax.Array) -> jax.Array:
    """1 - var(target - V) / var(target); 1 is perfect, 0 no better than a constant.

    0 where the targets do not vary: there is nothing to explain.
    """

    def variance(x: jax.Array) -> jax.Array:
        return masked_mean(jnp.square(x - masked_mean(x, valid)), valid)

    whole = variance(targets)
    some = jnp.where(whole > 0.0, whole, 1.0)
    return jnp.where(whole > 0.0, 1.0 - variance(targets - values) / some, 0.0)
