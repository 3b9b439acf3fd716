"""A network that is learnt by replay: a trunk and a head, which may be dueling."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from faastraingym.algorithms.networks import modules
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.off_policy.updating import Parameters

# Uniform within 1 / sqrt(inputs), as PyTorch initialises, for which the zoo's settings were found.
uniform = nn.initializers.variance_scaling(1.0 / 3.0, "fan_in", "uniform")


class Architecture(NamedTuple):
    """The network's sizes and kinds; hashable, so that it is compiled once."""

    trunk: Trunk
    outputs: int
    dueling: bool = False  # of a Q-network, whose outputs are values of actions


@functools.partial(jax.jit, static_argnums=(0, 1))  # one program to compile, not dozens
def initial(architecture: Architecture, observation_size: int, key: jax.Array) -> Parameters:
    """Fresh parameters."""
    features, trunk = _trunk(architecture).init_with_output(key, jnp.zeros((1, observation_size)))
    found = dict(trunk.get("params", {}))
    for head in _heads(architecture):
        found |= head.init(key, features)["params"]
    return found


def values(
    architecture: Architecture, parameters: Parameters, observations: jax.Array
) -> jax.Array:
    """The outputs, [..., A], of observations [..., O].

    Dueling: V(s) + A(s, .) - mean A(s, .) (Wang et al. 2016, arXiv 1511.06581, eq. 9); the head's
    outputs are A.
    """
    variables = {"params": parameters}
    features = _trunk(architecture).apply(variables, observations)
    scores, *more = (head.apply(variables, features) for head in _heads(architecture))
    for value in more:
        return jnp.asarray(value + scores - scores.mean(axis=-1, keepdims=True))
    return jnp.asarray(scores)


def _trunk(architecture: Architecture) -> modules.TrunkModule:
    return modules.TrunkModule(architecture.trunk, uniform)


def _heads(architecture: Architecture) -> list[modules.Head]:
    """Of the outputs, or of the advantages and the state's value."""
    scores = modules.Head(architecture.outputs, uniform)
    return [scores, modules.Head(1, uniform, layer="value")] if architecture.dueling else [scores]
