"""Policy and value networks, orthogonally initialised: two apart, or two heads on one trunk."""

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from faastraingym.algorithms.actor_critic.recurrence import Cell
from faastraingym.algorithms.networks import modules
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.schemas.specification import RecurrentSpec

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
    recurrent: RecurrentSpec | None = None
    shared: bool = False  # the value is a second head on the policy's trunk
    state_dependent: bool = False  # noise, with a log_std of each feature


@functools.partial(jax.jit, static_argnums=(0, 1))  # one program to compile, not dozens
def initial(architecture: Architecture, observation_size: int, key: jax.Array) -> Parameters:
    """Fresh parameters: `{"policy": ..., "value": ...}`."""
    observations = jnp.zeros((1, observation_size))
    found: Parameters = {}
    for which, own_key in zip(("policy", "value"), jax.random.split(key), strict=True):
        features, trunk = _trunk(architecture).init_with_output(own_key, observations)
        features, between = _between(which, architecture, own_key, features)
        head = _head(which, architecture).init(own_key, features)
        is_apart = which == "policy" or not architecture.shared
        own = trunk.get("params", {}) if is_apart else {}
        found[which] = {**own, **between, **head["params"]}
        if which == "policy" and architecture.state_dependent:
            shape = features.shape[-1], architecture.action_size
            found[which]["log_std"] = jnp.full(shape, architecture.log_std_init)
    return found


def _between(
    which: str, architecture: Architecture, key: jax.Array, features: jax.Array
) -> tuple[jax.Array, Parameters]:
    """What the head of a recurrent policy, or of its value, reads instead of a trunk's features."""
    cell = architecture.recurrent
    if cell is None:
        return features, {}
    read = jnp.zeros((1, cell.size))
    if which == "value":
        both = jnp.concatenate([features, read], axis=-1)
        return read, {"joint": _joint(cell).init(key, both)["params"]}
    memory, kept = jnp.zeros((1, cell.memory_size)), jnp.ones((1, 1), jnp.bool_)
    return read, {"cell": Cell(cell).init(key, features[None], memory, kept)["params"]}


def remembered(
    architecture: Architecture,
    parameters: Parameters,
    observations: jax.Array,
    memory: jax.Array,
    kept: jax.Array,
) -> jax.Array:
    """What a recurrent policy remembers in each step, [T, B, H]; arguments as of `Cell`."""
    own = parameters["policy"]
    features = _trunk(architecture).apply({"params": own}, observations)
    cell = Cell(architecture.recurrent)
    return jnp.asarray(cell.apply({"params": own["cell"]}, features, memory, kept))


def policy_outputs(
    architecture: Architecture,
    parameters: Parameters,
    observations: jax.Array,
    remembered: jax.Array | None = None,
) -> jax.Array:
    """Logits or means, [..., A], of normalised observations [..., O], or of what is remembered.

    With state-dependent noise means, and the features that the head reads, [..., A + L]. Features
    are not learnt for their noise: gradients stop.
    """
    variables, features = {"params": parameters["policy"]}, remembered
    if features is None:
        features = _trunk(architecture).apply(variables, observations)
    outputs = jnp.asarray(_head("policy", architecture).apply(variables, features))
    if not architecture.state_dependent:
        return outputs
    return jnp.concatenate([outputs, jax.lax.stop_gradient(features)], axis=-1)


def state_values(
    architecture: Architecture,
    parameters: Parameters,
    observations: jax.Array,
    remembered: jax.Array | None = None,
) -> jax.Array:
    """V(s), [...], of normalised observations [..., O] and of what the policy remembers.

    Its gradients stop there: many times the policy's, they would make the memory their own.
    """
    cell = architecture.recurrent
    whose = {"params": parameters["policy" if architecture.shared else "value"]}
    features = _trunk(architecture).apply(whose, observations)
    if remembered is not None and cell is not None:
        both = jnp.concatenate([features, jax.lax.stop_gradient(remembered)], axis=-1)
        joined = _joint(cell).apply({"params": parameters["value"]["joint"]}, both)
        features = modules.ACTIVATIONS[architecture.trunk.activation](joined)
    return _value(architecture, parameters, features)


def outputs_and_values(
    architecture: Architecture,
    parameters: Parameters,
    observations: jax.Array,
    remembered: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Both of the above; a trunk that they share, with no cell behind it, is gone through once."""
    if not architecture.shared or remembered is not None:
        return (
            policy_outputs(architecture, parameters, observations, remembered),
            state_values(architecture, parameters, observations, remembered),
        )
    variables = {"params": parameters["policy"]}
    features = _trunk(architecture).apply(variables, observations)
    outputs = _head("policy", architecture).apply(variables, features)
    return jnp.asarray(outputs), _value(architecture, parameters, features)


def _value(architecture: Architecture, parameters: Parameters, features: jax.Array) -> jax.Array:
    variables = {"params": parameters["value"]}
    return jnp.asarray(_head("value", architecture).apply(variables, features))[..., 0]


def _trunk(architecture: Architecture) -> modules.TrunkModule:
    return modules.TrunkModule(architecture.trunk, HIDDEN)


def _joint(cell: RecurrentSpec) -> nn.Dense:
    """Of the value network of a recurrent policy: joins what is seen and what is remembered."""
    return nn.Dense(cell.size, kernel_init=HIDDEN)


def _head(which: str, architecture: Architecture) -> modules.Head:
    """Of the policy: logits, or the means of a Gaussian with a log_std; of the value: V(s)."""
    if which == "value":
        return modules.Head(1, HEADS[which])
    has_one = architecture.continuous and not architecture.state_dependent
    log_std = architecture.log_std_init if has_one else None
    return modules.Head(architecture.action_size, HEADS[which], log_std)
