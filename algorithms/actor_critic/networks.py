"""Policy and value networks, orthogonally initialised: two apart, or two heads on one trunk."""

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from faastraingym.algorithms.networks import modules
from faastraingym.algorithms.networks.description import Trunk

Parameters = dict[str, Any]
orthogonal = nn.initializers.orthogonal
HIDDEN = orthogonal(math.sqrt(2.0))
HEADS = {"policy": orthogonal(0.01), "value": orthogonal(1.0)}  # a nearly uniform policy at first


class Architecture(NamedTuple):
    """The networks' sizes and kinds; hashable, so that each is compiled once."""

    trunk: Trunk
    action_size: int
    continuous: bool
    log_std_init: float = 0.0
    choices: tuple[int, ...] = ()  # of each element of a MultiDiscrete action
    bits: bool = False  # MultiBinary actions


@functools.partial(jax.jit, static_argnums=(0, 1))  # one program to compile, not dozens
def initial(architecture: Architecture, observation_size: int, key: jax.Array) -> Parameters:
    """Fresh parameters: `{"policy": ..., "value": ...}`."""
    observations = jnp.zeros((1, observation_size))
    found: Parameters = {}
    for which, own_key in zip(("policy", "value"), jax.random.split(key), strict=True):
        features, trunk = _trunk(architecture).init_with_output(own_key, observations)
        head = _head(which, architecture).init(own_key, features)
        found[which] = {**trunk.get("params", {}), **head["params"]}
    return found


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
    features = _trunk(architecture).apply(variables, observations)
    return jnp.asarray(_head(which, architecture).apply(variables, features))


def _trunk(architecture: Architecture) -> modules.TrunkModule:
    return modules.TrunkModule(architecture.trunk, HIDDEN)


def _head(which: str, architecture: Architecture) -> modules.Head:
    """Of the policy: logits, or the means of a Gaussian with a log_std; of the value: V(s)."""
    if which == "value":
        return modules.Head(1, HEADS[which])
    log_std = architecture.log_std_init if architecture.continuous else None
    return modules.Head(architecture.action_size, HEADS[which], log_std)
