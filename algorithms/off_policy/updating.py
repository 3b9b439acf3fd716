"""One compiled update: all gradient steps of a version, each of them an algorithm's own."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from msgspec import UNSET

from faastraingym.schemas.payloads import Arrays
from faastraingym.schemas.specification import RunSpec

Parameters = dict[str, Any]
Samples = dict[str, jax.Array]  # [N, ...] each, or [G, N, ...] of G gradient steps
Coefficients = Mapping[str, jax.Array]  # what the schedule anneals: data, so nothing is recompiled
Metrics = dict[str, jax.Array]


class Learnt(NamedTuple):
    """What gradient steps change."""

    networks: dict[str, Parameters]  # by name: those that learn, and their targets
    optimizer: dict[str, Any]  # its states by name; `steps`: gradient steps since the run's start


# a gradient step: what was learnt, and metrics and errors of the samples, [N]
Step = tuple[Learnt, tuple[Metrics, jax.Array]]
Update = Callable[..., tuple[Learnt, Metrics, jax.Array]]


def nothing(setup: Any, generator: np.random.Generator, shape: tuple[int, int]) -> Arrays:
    """An update that draws no numbers of its own."""
    return {}


class Method(NamedTuple):
    """The own parts of an algorithm that learns by replay."""

    acts: str  # the network that an actor needs
    setup: Callable[[RunSpec], Any]  # what stays the same during a run; hashable
    initial: Callable[[Any, jax.Array], Learnt]  # (setup, key) -> version 0
    descend: Callable[[Any, Coefficients, Learnt, Samples], Step]  # one gradient step
    # (setup, generator, [G, N]) -> arrays [G, N, ...] by name, which join the samples
    noise: Callable[[Any, np.random.Generator, tuple[int, int]], Arrays] = nothing


@functools.lru_cache(maxsize=16)
def make_update(method: Method, setup: Any) -> Update:
    """`learn` for `setup`, compiled; it donates what is learnt."""
    compiled: Update = jax.jit(functools.partial(learn, method, setup), donate_argnums=(0,))
    return compiled


def learn(
    method: Method, setup: Any, before: Learnt, samples: Samples, coefficients: Coefficients
) -> tuple[Learnt, Metrics, jax.Array]:
    """G gradient steps, as one program.

    Args:
        method, setup: the algorithm, its settings and networks.
        before: the version that learns.
        samples: [G, N, ...]: `observations`, `next_observations` [G, N, O], `actions` [G, N, ...],
            `returns`, `discounts`, `valid`, `weights` [G, N], and the method's noise; where actions
            are masked `next_masks` [G, N, M], true where an action is valid in the next state.
        coefficients: of all of them, by name; `learning_rate` is one.

    Returns:
        What was learnt, the means of metrics over the gradient steps, and errors [G, N]; 0 where
        a sample is not valid.
    """
    after, (metrics, errors) = jax.lax.scan(
        functools.partial(method.descend, setup, coefficients), before, samples
    )
    return after, {name: values.mean() for name, values in metrics.items()}, errors


def moved(parameters: Any, directions: Any, learning_rate: jax.Array) -> Any:
    """Parameters after a step down."""
    return jax.tree.map(lambda p, d: p - learning_rate * d, parameters, directions)


def followed(settings: Any, target: Any, network: Any, steps: jax.Array) -> Any:
    """A target after so many gradient steps: nearer to its network by `tau`, if it is its turn."""
    turn = steps % settings.target_update_interval == 0
    part = jnp.where(turn, jnp.float32(settings.tau), 0.0)
    return jax.tree.map(lambda old, new: old + part * (new - old), target, network)


def mean(values: jax.Array, valid: jax.Array) -> jax.Array:
    """The mean of values over valid samples, [N] each; 0 if there are none."""
    return jnp.where(valid, values, 0.0).sum() / jnp.maximum(valid.sum(), 1)


def optimizer(settings: Any) -> optax.GradientTransformation:
    """Adam, behind a global norm clip if there is one; scaled by the learning rate later."""
    adam = optax.scale_by_adam(eps=1e-8)
    if settings.max_grad_norm is UNSET:
        return adam
    return optax.chain(optax.clip_by_global_norm(settings.max_grad_norm), adam)
