"""PPO's learner: epochs of shuffled minibatches, Adam, the clipped surrogate loss.

Each term of the loss is a mean over the samples that `valid` marks, N of them.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from msgspec import UNSET

from faastraingym.algorithms.actor_critic import learner
from faastraingym.algorithms.actor_critic.estimates import log_ratios, staleness_kl
from faastraingym.algorithms.actor_critic.learner import project
from faastraingym.algorithms.actor_critic.losses import approximate_kl, masked_mean
from faastraingym.algorithms.actor_critic.sequences import Samples
from faastraingym.algorithms.actor_critic.updating import Coefficients, Method, Metrics
from faastraingym.algorithms.ppo.specification import PPO

__all__ = ["initialise", "project", "update"]

ADAM_EPSILON = 1e-5


def optimizer(settings: PPO) -> optax.GradientTransformation:
    """Adam behind a global norm clip; its output is scaled by the annealed learning rate."""
    return optax.chain(
        optax.clip_by_global_norm(settings.max_grad_norm), optax.scale_by_adam(eps=ADAM_EPSILON)
    )


def minibatches(settings: PPO, generator: np.random.Generator, valid: np.ndarray) -> np.ndarray:
    """Indices of the shuffled samples, [epochs, minibatches, N / minibatches] int32.

    Each epoch deals the samples out one by one, the `valid` [T, B] ones first, so that minibatches
    differ by one valid sample at most. N is T x B, rounded up to a multiple of the number of
    minibatches by samples that are not valid. NumPy permutes: XLA sorts slowly on a CPU.
    """
    counts = np.pad(valid.ravel(), (0, -valid.size % settings.num_minibatches))
    size = len(counts) // settings.num_minibatches
    shape = (settings.update_epochs, settings.num_minibatches, size)
    indices = np.empty(shape, np.int32)
    for epoch in indices:
        order = generator.permutation(len(counts))
        chosen = counts[order]
        ordered = np.concatenate([order[chosen], order[~chosen]])
        epoch[...] = ordered.reshape(-1, settings.num_minibatches).T
    return indices


def is_decoupled(settings: PPO) -> bool:
    """Whether the policy before the update is compared with the one that acted."""
    return settings.decoupled_weight_max is not UNSET


def policy_loss(
    settings: PPO,
    coefficients: Coefficients,
    samples: Samples,
    log_probs: jax.Array,
    advantages: jax.Array,
) -> tuple[jax.Array, Metrics]:
    """The clipped surrogate, and how far the policy has moved: from the one that acted, or, where
    the objective is decoupled, from the one before the update.

    Hilton et al. 2022, arXiv 2110.00641: the decoupled clipped objective, with truncated weights.
    """
    valid, clip_coef = samples["valid"], coefficients["clip_coef"]
    more: Metrics = {}
    before = samples["log_probs"]
    if is_decoupled(settings):
        before = samples["proximal_log_probs"]
        stale = log_ratios(before, samples["log_probs"], valid)
        weights = jnp.minimum(jnp.exp(stale), settings.decoupled_weight_max)
        advantages = weights * advantages
        more = {
            "behaviour_kl": staleness_kl(stale, valid),
            "behaviour_weight": masked_mean(weights, valid),
        }
    log_ratio = log_ratios(log_probs, before, valid)
    return clipped_surrogate_loss(log_ratio, advantages, valid, clip_coef), {
        "approx_kl": approximate_kl(log_ratio, valid),
        "clip_fraction": clip_fraction(log_ratio, valid, clip_coef),
        **more,
    }


def clipped_surrogate_loss(
    log_ratio: jax.Array, advantages: jax.Array, valid: jax.Array, clip_coef: jax.Array
) -> jax.Array:
    """-mean min(r A, clip(r, 1 - c, 1 + c) A), r = pi(a|s) / mu(a|s) (arXiv 1707.06347, eq. 7)."""
    ratio = jnp.exp(log_ratio)
    clipped = jnp.clip(ratio, 1.0 - clip_coef, 1.0 + clip_coef)
    return -masked_mean(jnp.minimum(ratio * advantages, clipped * advantages), valid)


def clip_fraction(log_ratio: jax.Array, valid: jax.Array, clip_coef: jax.Array) -> jax.Array:
    """The share of samples whose ratio lies outside the clip range."""
    return masked_mean((jnp.abs(jnp.expm1(log_ratio)) > clip_coef).astype(jnp.float32), valid)


METHOD = Method(optimizer, minibatches, policy_loss, compares=is_decoupled)
initialise = partial(learner.initialise, METHOD)
update = partial(learner.update, METHOD)
