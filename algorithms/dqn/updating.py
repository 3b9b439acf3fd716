"""One compiled update: all gradient steps of a version, and the updates of the target network."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from faastraingym.algorithms.dqn import networks
from faastraingym.algorithms.dqn.networks import Architecture, Parameters

Samples = dict[str, jax.Array]  # [N, ...] each, or [G, N, ...] of G gradient steps
Metrics = dict[str, jax.Array]


class Setup(NamedTuple):
    """The parts of an update that stay the same during a run; hashable."""

    settings: Any  # the algorithm's
    architecture: Architecture


class Learnt(NamedTuple):
    """What gradient steps change."""

    q: Parameters
    target: Parameters
    adam: Any
    steps: jax.Array  # int32: gradient steps since the start of the run


Update = Callable[..., tuple[Learnt, Metrics, jax.Array]]


@functools.lru_cache(maxsize=16)
def make_update(setup: Setup) -> Update:
    """`learn` for `setup`, compiled; it donates what is learnt."""
    compiled: Update = jax.jit(functools.partial(learn, setup), donate_argnums=(0,))
    return compiled


def optimizer(settings: Any) -> optax.GradientTransformation:
    """Adam behind a global norm clip; scaled by the annealed learning rate later."""
    return optax.chain(
        optax.clip_by_global_norm(settings.max_grad_norm), optax.scale_by_adam(eps=1e-8)
    )


def learn(
    setup: Setup, before: Learnt, samples: Samples, learning_rate: jax.Array
) -> tuple[Learnt, Metrics, jax.Array]:
    """G gradient steps, as one program.

    Args:
        setup: the settings and the network.
        before: the version that learns.
        samples: [G, N, ...]: `observations`, `next_observations` [G, N, O], `actions`, `returns`,
            `discounts`, `valid`, `weights` [G, N].
        learning_rate: of all of them.

    Returns:
        What was learnt, the means of metrics over the gradient steps, and errors [G, N]; 0 where
        a sample is not valid.
    """
    after, (metrics, errors) = jax.lax.scan(
        functools.partial(descend, setup, learning_rate), before, samples
    )
    return after, {name: values.mean() for name, values in metrics.items()}, errors


def descend(
    setup: Setup, learning_rate: jax.Array, before: Learnt, samples: Samples
) -> tuple[Learnt, tuple[Metrics, jax.Array]]:
    """One gradient step on N samples; then the target network, if it is its turn."""
    wanted = targets(setup, before.q, before.target, samples)
    minimised = functools.partial(loss, setup, samples, wanted)
    gradients, (metrics, errors) = jax.grad(minimised, has_aux=True)(before.q)
    directions, adam = optimizer(setup.settings).update(gradients, before.adam)
    q = jax.tree.map(lambda p, d: p - learning_rate * d, before.q, directions)
    steps = before.steps + 1
    turn = steps % setup.settings.target_update_interval == 0
    part = jnp.where(turn, jnp.float32(setup.settings.tau), 0.0)
    target = jax.tree.map(lambda old, new: old + part * (new - old), before.target, q)
    return Learnt(q, target, adam, steps), (
        {**metrics, "grad_norm": optax.tree.norm(gradients)},
        errors,
    )


def targets(setup: Setup, q: Parameters, target: Parameters, samples: Samples) -> jax.Array:
    """R + gamma^m max_a Q'(s', a), [N], with Q' the target network and s' m steps later.

    `double`: Q'(s', argmax_a Q(s', a)) instead (van Hasselt et al. 2016, arXiv 1509.06461, eq. 4).
    """
    after = samples["next_observations"]
    later = networks.values(setup.architecture, target, after)
    chosen_by = networks.values(setup.architecture, q, after) if setup.settings.double else later
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
    count = jnp.maximum(valid.sum(), 1)

    def mean(x: jax.Array) -> jax.Array:
        return jnp.where(valid, x, 0.0).sum() / count

    errors = jnp.where(valid, wanted - scores, 0.0)
    total = mean(samples["weights"] * optax.losses.huber_loss(errors))
    metrics = {"loss": total, "td_error": mean(jnp.abs(errors)), "q": mean(scores)}
    return total, (metrics, errors)
