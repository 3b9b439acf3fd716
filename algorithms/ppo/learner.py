"""PPO's learner: epochs of shuffled minibatches, Adam, the clipped surrogate loss."""

from functools import partial

import numpy as np
import optax

from faastraingym.algorithms.actor_critic import learner
from faastraingym.algorithms.actor_critic.learner import project
from faastraingym.algorithms.actor_critic.updating import Method
from faastraingym.algorithms.ppo.losses import policy_loss
from faastraingym.algorithms.ppo.minibatches import shuffled
from faastraingym.algorithms.ppo.specification import PPO

__all__ = ["initialise", "project", "update"]

ADAM_EPSILON = 1e-5


def optimizer(settings: PPO) -> optax.GradientTransformation:
    """Adam behind a global norm clip; its output is scaled by the annealed learning rate."""
    return optax.chain(
        optax.clip_by_global_norm(settings.max_grad_norm), optax.scale_by_adam(eps=ADAM_EPSILON)
    )


def minibatches(settings: PPO, generator: np.random.Generator, valid: np.ndarray) -> np.ndarray:
    """Each epoch shuffles the samples anew."""
    return shuffled(generator, valid, settings.num_minibatches, settings.update_epochs)


METHOD = Method(optimizer, minibatches, policy_loss)
initialise = partial(learner.initialise, METHOD)
update = partial(learner.update, METHOD)
