"""Policy and value networks: two separate MLPs, orthogonally initialised."""

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

Parameters = dict[str, Any]
ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu}


class Architecture(NamedTuple):
    """The networks' sizes and kinds; hashable, so that each is compiled once."""

    hidden_sizes: tuple[int, ...]
    activation: str
    action_size: int
    continuous: bool
    log_std_init: float = 0.0


class Network(nn.Module):  # type: ignore[misc]
    """An MLP; the policy of continuous actions also has a log_std, independent of the state."""

    hidden_sizes: tuple[int, ...]
    activation: str
    output_size: int
    head_scale: float
    log_std_init: float | None = None

    @nn.compact  # type: ignore[untyped-decorator]
    def __call__(self, observations: jax.Array) -> jax.Array:
        """[..., O] -> [..., output_size]."""
        x = observations
        for i, size in enumerate(self.hidden_sizes):
            dense = nn.Dense(size, kernel_init=orthogonal(math.sqrt(2.0)), name=f"layer_{i}")
            x = ACTIVATIONS[self.activation](dense(x))
        if self.log_std_init is not None:
            initial = nn.initializers.constant(self.log_std_init)
            self.param("log_std", initial, (self.output_size,))
        return nn.Dense(self.output_size, kernel_init=orthogonal(self.head_scale), name="head")(x)


orthogonal = nn.initializers.orthogonal


def policy_network(architecture: Architecture) -> Network:
    """Logits, or the means of a Gaussian."""
    return Network(
        hidden_sizes=architecture.hidden_sizes,
        activation=architecture.activation,
        output_size=architecture.action_size,
        head_scale=0.01,  # a nearly uniform policy at first
        log_std_init=architecture.log_std_init if architecture.continuous else None,
    )


def value_network(architecture: Architecture) -> Network:
    """V(s)."""
    return Network(
        hidden_sizes=architecture.hidden_sizes,
        activation=architecture.activation,
        output_size=1,
        head_scale=1.0,
    )


@functools.partial(jax.jit, static_argnums=(0, 1))  # one program to compile, not dozens
def initial(architecture: Architecture, observation_size: int, key: jax.Array) -> Parameters:
    """Fresh parameters: `{"policy": ..., "value": ...}`."""
    policy_key, value_key = jax.random.split(key)
    observations = jnp.zeros((1, observation_size))
    return {
        "policy": policy_network(architecture).init(policy_key, observations)["params"],
        "value": value_network(architecture).init(value_key, observations)["params"],
    }


def policy_outputs(
    architecture: Architecture, parameters: Parameters, observations: jax.Array
) -> jax.Array:
    """Logits or means, [..., A], of normalised observations [..., O]."""
    network = policy_network(architecture)
    return jnp.asarray(network.apply({"params": parameters["policy"]}, observations))


def state_values(
    architecture: Architecture, parameters: Parameters, observations: jax.Array
) -> jax.Array:
    """V(s), [...], of normalised observations [..., O]."""
    network = value_network(architecture)
    return jnp.asarray(network.apply({"params": parameters["value"]}, observations))[..., 0]
