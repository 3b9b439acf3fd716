"""The Q-network: an MLP, whose head may be dueling."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from faastraingym.algorithms.actor_critic.networks import ACTIVATIONS

Parameters = dict[str, Any]
# Uniform within 1 / sqrt(inputs), as PyTorch initialises, for which the zoo's settings were found.
uniform = nn.initializers.variance_scaling(1.0 / 3.0, "fan_in", "uniform")


class Architecture(NamedTuple):
    """The network's sizes and kinds; hashable, so that it is compiled once."""

    hidden_sizes: tuple[int, ...]
    activation: str
    action_size: int
    dueling: bool


class Network(nn.Module):  # type: ignore[misc]
    """Q(s, .); dueling: V(s) + A(s, .) - mean A(s, .) (Wang et al. 2016, arXiv 1511.06581, eq. 9).

    The head's outputs are Q, or A.
    """

    architecture: Architecture

    @nn.compact  # type: ignore[untyped-decorator]
    def __call__(self, observations: jax.Array) -> jax.Array:
        """[..., O] -> [..., A]."""
        x = observations
        for i, size in enumerate(self.architecture.hidden_sizes):
            dense = nn.Dense(size, kernel_init=uniform, name=f"layer_{i}")
            x = ACTIVATIONS[self.architecture.activation](dense(x))
        scores = nn.Dense(self.architecture.action_size, kernel_init=uniform, name="head")(x)
        if self.architecture.dueling:
            value = nn.Dense(1, kernel_init=uniform, name="value")(x)
            return value + scores - scores.mean(axis=-1, keepdims=True)
        return scores


@functools.partial(jax.jit, static_argnums=(0, 1))  # one program to compile, not dozens
def initial(architecture: Architecture, observation_size: int, key: jax.Array) -> Parameters:
    """Fresh parameters of a Q-network."""
    found: Parameters = Network(architecture).init(key, jnp.zeros((1, observation_size)))["params"]
    return found


def values(
    architecture: Architecture, parameters: Parameters, observations: jax.Array
) -> jax.Array:
    """Q(s, .), [..., A], of observations [..., O]."""
    return jnp.asarray(Network(architecture).apply({"params": parameters}, observations))
