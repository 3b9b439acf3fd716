"""SAC's networks: a policy, whose noise may depend on the state, and critics."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from faastraingym.algorithms.gsde.deviations import log_deviation
from faastraingym.algorithms.networks import description, modules
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.off_policy import networks
from faastraingym.algorithms.off_policy.networks import Architecture, uniform
from faastraingym.algorithms.off_policy.updating import Parameters
from faastraingym.algorithms.sac.acting import MOST_MEAN


class Shapes(NamedTuple):
    """The sizes and kinds of all networks; hashable."""

    trunk: Trunk  # of each
    observation_size: int
    action_size: int
    log_std_init: float | None = None  # of noise that depends on the state


def initial_policy(of: Shapes, key: jax.Array) -> Parameters:
    """Fresh parameters of a policy."""
    found: Parameters = networks.initial(_policy(of), of.observation_size, key)
    if of.log_std_init is None:
        return found
    latent = description.output_size(of.trunk, of.observation_size)
    return {**found, "log_std": jnp.full((latent, of.action_size), of.log_std_init)}


def initial_critic(of: Shapes, key: jax.Array) -> Parameters:
    """Fresh parameters of a critic."""
    inputs = of.observation_size + of.action_size
    found: Parameters = networks.initial(_critic(of), inputs, key)
    return found


def outputs(of: Shapes, policy: Parameters, observations: jax.Array) -> jax.Array:
    """Means and log deviations before tanh, [..., 2 A], of observations [..., O]."""
    if of.log_std_init is None:
        return networks.values(_policy(of), policy, observations)
    variables = {"params": policy}
    latent = modules.TrunkModule(of.trunk, uniform).apply(variables, observations)
    mean = modules.Head(of.action_size, uniform).apply(variables, latent)
    deviation = log_deviation(latent, policy["log_std"])
    return jnp.concatenate([jnp.clip(mean, -MOST_MEAN, MOST_MEAN), deviation], axis=-1)


def values(
    of: Shapes, critic: Parameters, observations: jax.Array, actions: jax.Array
) -> jax.Array:
    """Q(s, a), [N], of observations [N, O] and actions of -1 to 1, [N, A].

    Encoders read the observation alone; what they give and the action are read side by side.
    """
    both = jnp.concatenate([observations, actions], axis=-1)
    return networks.values(_critic(of), critic, both)[..., 0]


def _policy(of: Shapes) -> Architecture:
    outputs = of.action_size if of.log_std_init is not None else 2 * of.action_size
    return Architecture(of.trunk, outputs)


def _critic(of: Shapes) -> Architecture:
    both = description.joined(of.trunk, of.observation_size, of.action_size)
    return Architecture(both, 1)
