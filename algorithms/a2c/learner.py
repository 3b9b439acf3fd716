"""A2C's learner: one gradient step on the whole batch."""

from functools import partial
from typing import Any

import jax
import numpy as np
import optax

from faastraingym.algorithms.a2c.specification import A2C
from faastraingym.algorithms.actor_critic import learner
from faastraingym.algorithms.actor_critic.learner import project
from faastraingym.algorithms.actor_critic.losses import masked_mean
from faastraingym.algorithms.actor_critic.updating import Coefficients, Method, Metrics, Samples

__all__ = ["initialise", "project", "update"]

EPSILON = 1e-5  # within the root, as in the paper and in Stable-Baselines3's RMSpropTFLike


def optimizer(settings: A2C) -> optax.GradientTransformation:
    """RMSProp, or Adam, behind a global norm clip; scaled by the annealed learning rate later."""
    scale: Any = {
        "rmsprop": partial(optax.scale_by_rms, decay=0.99, eps=EPSILON, initial_scale=1.0),
        "adam": partial(optax.scale_by_adam, eps=EPSILON),
    }
    clip = optax.clip_by_global_norm(settings.max_grad_norm)
    return optax.chain(clip, scale[settings.optimizer]())


def whole_batch(settings: A2C, generator: np.random.Generator, valid: np.ndarray) -> np.ndarray:
    """All samples in one minibatch, [1, 1, T x B] int32."""
    return np.arange(valid.size, dtype=np.int32).reshape(1, 1, -1)


def policy_loss(
    settings: A2C,
    coefficients: Coefficients,
    samples: Samples,
    log_probs: jax.Array,
    advantages: jax.Array,
) -> tuple[jax.Array, Metrics]:
    """-mean log pi(a|s) A (arXiv 1602.01783)."""
    return -masked_mean(log_probs * advantages, samples["valid"]), {}


METHOD = Method(optimizer, whole_batch, policy_loss)
initialise = partial(learner.initialise, METHOD)
update = partial(learner.update, METHOD)
