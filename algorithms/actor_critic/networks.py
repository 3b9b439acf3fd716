"""Policy and value networks: two separate MLPs, orthogonally initialised."""

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

Parameters = dict[str, Any]
ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu}
orthogonal = nn.initializers.orthogonal


class Architecture(NamedTuple):
    """The networks' sizes and kinds; hashable, so that each is compiled once."""

    hidden_sizes: tuple[int, ...]
    activation: str
    action_size: int
    continuous: bool
    log_std_init: float = 0.0
    choices: tuple[int, ...] = ()  # of each element of a MultiDiscrete action
    bits: bool = False  # MultiBinary actions


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


def network(which: str, architecture: Architecture) -> Network:
    """The `policy` network (logits, or the means of a Gaussian) or the `value` network (V(s))."""
    is_policy = which == "policy"
    return Network(
        hidden_sizes=architecture.hidden_sizes,
        activation=architecture.activation,
        output_size=architecture.action_size if is_policy else 1,
        head_scale=0.01 if is_policy else 1.0,  # a nearly uniform policy at first
        log_std_init=architecture.log_std_init if is_policy and architecture.continuous else None,
    )


@functools.partial(jax.jit, static_argnums=(0, 1))  # one program to compile, not dozens
def initial(architecture: Architecture, observation_size: int, key: jax.Array) -> Parameters:
    """Fresh parameters: `{"policy": ..., "value": ...}`."""
    observations = jnp.zeros((1, observation_size))
    return {
        which: network(which, architecture).init(own_key, observations)["params"]
        for which, own_key in zip(("policy", "value"), jax.random.split(key), strict=True)
    }


def policy_outputs(
    architecture: Architecture, parameters: Parameters, observations: jax.Array
) -> jax.Array:
    """Logits or means, [..., A], of normalised observations [..., O]."""
    return _outputs("policy", architecture, parameters, observations)


def state_values(
    architecture: Architecture, parameters: Parameters, observations: jax.Array
) -> jax.Array:
    """V(s), [...], of normalised observations [..., O]."""
    return _outputs("value", architecture, parameters, observations)[..., 0]


def _outputs(
    which: str, architecture: Architecture, parameters: Parameters, observations: jax.Array
) -> jax.Array:
    variables = {"params": parameters[which]}
    return jnp.asarray(network(which, architecture).apply(variables, observations))
