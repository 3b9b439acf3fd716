"""PPO's loss. Each term is a mean over the samples that `valid` marks, N of them."""

import jax
import jax.numpy as jnp

from faastraingym.algorithms.actor_critic import networks
from faastraingym.algorithms.actor_critic.losses import (
    distribution,
    masked_mean,
    normalized,
    value_loss,
)
from faastraingym.algorithms.actor_critic.networks import Architecture, Parameters
from faastraingym.algorithms.actor_critic.updating import Coefficients, Metrics, Samples
from faastraingym.algorithms.ppo.specification import PPO


def total_loss(
    settings: PPO,
    architecture: Architecture,
    coefficients: Coefficients,
    samples: Samples,
    parameters: Parameters,
) -> tuple[jax.Array, Metrics]:
    """policy loss - ent_coef * entropy + vf_coef * value loss (arXiv 1707.06347, eq. 9)."""
    valid, clip_coef = samples["valid"], coefficients["clip_coef"]
    outputs = networks.policy_outputs(architecture, parameters, samples["observations"])
    log_probs, entropies = distribution(parameters, outputs, samples["actions"])
    log_ratio = jnp.where(valid, log_probs - samples["log_probs"], 0.0)
    advantages = samples["advantages"]
    if settings.normalize_advantages:
        advantages = normalized(advantages, valid)
    values = networks.state_values(architecture, parameters, samples["observations"])
    metrics = {
        "policy_loss": clipped_surrogate_loss(log_ratio, advantages, valid, clip_coef),
        "value_loss": value_loss(values, samples["targets"], valid),
        "entropy": masked_mean(entropies, valid),
        "approx_kl": approximate_kl(log_ratio, valid),
        "clip_fraction": clip_fraction(log_ratio, valid, clip_coef),
    }
    total = (
        metrics["policy_loss"]
        - coefficients["ent_coef"] * metrics["entropy"]
        + settings.vf_coef * metrics["value_loss"]
    )
    return total, metrics


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
