"""One gradient step of deep Q-learning, and of its target network."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from faastraingym.algorithms.actor_critic.likelihoods import masked
from faastraingym.algorithms.off_policy import networks
from faastraingym.algorithms.off_policy.networks import Architecture
from faastraingym.algorithms.off_policy.updating import (
    Coefficients,
    Learnt,
    Metrics,
    Parameters,
    Samples,
    Step,
    followed,
    mean,
    moved,
    optimizer,
)


class Setup(NamedTuple):
    """The parts of an update that stay the same during a run; hashable."""

    settings: Any  # the algorithm's
    architecture: Architecture
    observation_size: int


def descend(setup: Setup, coefficients: Coefficients, before: Learnt, samples: Samples) -> Step:
    """One gradient step on N samples; then the target network, if it is its turn."""
    q, target = before.networks["q"], before.networks["target"]
    wanted = targets(setup, q, target, samples)
    minimised = functools.partial(loss, setup, samples, wanted)
    gradients, (metrics, errors) = jax.grad(minimised, has_aux=True)(q)
    directions, state = optimizer(setup.settings).update(gradients, before.optimizer["adam"])
    q = moved(q, directions, coefficients["learning_rate"])
    steps = before.optimizer["steps"] + 1
    target = followed(setup.settings, target, q, steps)
    return Learnt({"q": q, "target": target}, {"adam": state, "steps": steps}), (
        {**metrics, "grad_norm": optax.tree.norm(gradients)},
        errors,
    )


def targets(setup: Setup, q: Parameters, target: Parameters, samples: Samples) -> jax.Array:
    """R + gamma^m max_a Q'(s', a), [N], with Q' the target network and s' m steps later.

    The maximum is over the actions that are valid in s', as the policy's would be.
    `double`: Q'(s', argmax_a Q(s', a)) instead (van Hasselt et al. 2016, arXiv 1509.06461, eq. 4).
    """
    after = samples["next_observations"]
    later = networks.values(setup.architecture, target, after)
    chosen_by = networks.values(setup.architecture, q, after) if setup.settings.double else later
    if "next_masks" in samples:  # of a terminal state none is valid, and its discount is 0
        chosen_by = masked(chosen_by, samples["next_masks"], bits=False)
    best = taken(later, chosen_by.argmax(axis=-1))
    return samples["returns"] + samples["discounts"] * best


def taken(values: jax.Array, actions: jax.Array) -> jax.Array:
    """Q(s, a), [N], of Q(s, .) [N, A] and actions [N]."""
    return jnp.take_along_axis(values, actions[..., None], axis=-1)[..., 0]


def loss(
    setup: Setup, samples: Samples, wanted: jax.Array, q: Parameters
) -> tuple[jax.Array, tuple[Metrics, jax.Array]]:
    """The mean of weighted Huber losses of errors, target - Q(s, a), over valid samples."""
    scores = taken(
        networks.values(setup.architecture, q, samples["observations"]), samples["actions"]
    )
    valid = samples["valid"]
    errors = jnp.where(valid, wanted - scores, 0.0)
    total = mean(samples["weights"] * optax.losses.huber_loss(errors), valid)
    metrics = {"loss": total, "td_error": mean(jnp.abs(errors), valid), "q": mean(scores, valid)}
    return total, (metrics, errors)
