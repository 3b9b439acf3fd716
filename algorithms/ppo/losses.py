"""PPO's policy loss. Each term is a mean over the samples that `valid` marks, N of them."""

from typing import Any

import jax
import jax.numpy as jnp

from faastraingym.algorithms.actor_critic.losses import masked_mean
from faastraingym.algorithms.actor_critic.updating import Coefficients, Metrics, Samples


def policy_loss(
    settings: Any,
    coefficients: Coefficients,
    samples: Samples,
    log_probs: jax.Array,
    advantages: jax.Array,
) -> tuple[jax.Array, Metrics]:
    """The clipped surrogate, and how far the policy has moved from the one that acted."""
    valid, clip_coef = samples["valid"], coefficients["clip_coef"]
    log_ratio = jnp.where(valid, log_probs - samples["log_probs"], 0.0)
    return clipped_surrogate_loss(log_ratio, advantages, valid, clip_coef), {
        "approx_kl": approximate_kl(log_ratio, valid),
        "clip_fraction": clip_fraction(log_ratio, valid, clip_coef),
    }


def clipped_surrogate_loss(
    log_ratio: jax.Array, advantages: jax.Array, valid: jax.Array, clip_coef: jax.Array
) -> jax.Array:
    """-mean min(r A, clip(r, 1 - c, 1 + c) A), r = pi(a|s) / mu(a|s) (arXiv 1707.06347, eq. 7)."""
    ratio = jnp.exp(log_ratio)
    clipped = jnp.clip(ratio, 1.0 - clip_coef, 1.0 + clip_coef)
    return -masked_mean(jnp.minimum(ratio * advantages, clipped * advantages), valid)


def approximate_kl(log_ratio: jax.Array, valid: jax.Array) -> jax.Array:
    """mean (r - 1) - log r, Schulman's unbiased, non-negative estimate of KL(mu, pi)."""
    return masked_mean(jnp.expm1(log_ratio) - log_ratio, valid)


def clip_fraction(log_ratio: jax.Array, valid: jax.Array, clip_coef: jax.Array) -> jax.Array:
    """The share of samples whose ratio lies outside the clip range."""
    return masked_mean((jnp.abs(jnp.expm1(log_ratio)) > clip_coef).astype(jnp.float32), valid)
