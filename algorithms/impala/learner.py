"""IMPALA's learner: one gradient step on the whole batch, whose estimates are V-trace's."""

from functools import partial

import jax
import jax.numpy as jnp

from faastraingym.algorithms import returns
from faastraingym.algorithms.actor_critic import learner
from faastraingym.algorithms.actor_critic.estimates import (
    Estimates,
    Steps,
    log_ratios,
    staleness_kl,
)
from faastraingym.algorithms.actor_critic.learner import project
from faastraingym.algorithms.actor_critic.losses import masked_mean
from faastraingym.algorithms.actor_critic.sequences import Samples
from faastraingym.algorithms.actor_critic.single_step import optimizer, whole_batch
from faastraingym.algorithms.actor_critic.updating import Coefficients, Method, Metrics
from faastraingym.algorithms.impala.specification import IMPALA

__all__ = ["initialise", "project", "update"]


def estimate(settings: IMPALA, steps: Steps) -> Estimates:
    """V-trace's advantages and its targets v(s), from the ratios of the policy that learns."""
    deltas = returns.td_errors(
        steps.rewards, steps.values, steps.next_values, steps.terminated, settings.gamma
    )
    corrections, advantages = returns.vtrace(
        deltas,
        jnp.exp(steps.log_ratios),
        steps.ended,
        steps.valid,
        settings.gamma,
        settings.vtrace_lambda,
        settings.rho_bar,
        settings.c_bar,
    )
    return advantages, corrections + steps.values


def policy_loss(
    settings: IMPALA,
    coefficients: Coefficients,
    samples: Samples,
    log_probs: jax.Array,
    advantages: jax.Array,
) -> tuple[jax.Array, Metrics]:
    """-mean log pi(a|s) A, A with its weight rho (arXiv 1802.01561, section 4.2)."""
    valid = samples["valid"]
    log_ratio = log_ratios(samples["proximal_log_probs"], samples["log_probs"], valid)
    ratios = jnp.exp(log_ratio)
    truncated = (ratios > settings.rho_bar).astype(jnp.float32)
    return -masked_mean(log_probs * advantages, valid), {
        "approx_kl": staleness_kl(log_ratio, valid),
        "rho_mean": masked_mean(jnp.minimum(ratios, settings.rho_bar), valid),
        "rho_truncated": masked_mean(truncated, valid),
    }


METHOD = Method(optimizer, whole_batch, policy_loss, estimate, compares=lambda settings: True)
initialise = partial(learner.initialise, METHOD)
update = partial(learner.update, METHOD)
