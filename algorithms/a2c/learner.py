"""A2C's learner: one gradient step on the whole batch."""

from functools import partial

import jax

from faastraingym.algorithms.a2c.specification import A2C
from faastraingym.algorithms.actor_critic import learner
from faastraingym.algorithms.actor_critic.learner import project
from faastraingym.algorithms.actor_critic.losses import masked_mean
from faastraingym.algorithms.actor_critic.sequences import Samples
from faastraingym.algorithms.actor_critic.single_step import optimizer, whole_batch
from faastraingym.algorithms.actor_critic.updating import Coefficients, Method, Metrics

__all__ = ["initialise", "project", "update"]


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
