"""The policy of an actor-critic in JAX: its learner's network, with its actor's parameters.

The results differ from NumPy's in the last bits. A rollout records the outputs that it acted by.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from faastraingym.algorithms.actor_critic.acting import Actor
from faastraingym.algorithms.actor_critic.networks import Architecture, policy_outputs
from faastraingym.algorithms.actor_critic.sampling import Categorical, Gaussian
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.trees import nest

Array = Any


class Policy(NamedTuple):
    """How a policy acts: functions, which `key` determines, of its `arrays`."""

    key: tuple[Any, ...]
    arrays: Mapping[str, Any]
    outputs: Callable[[Mapping[str, Any], Array], Array]  # [B, K] of observations [B, ...]
    sample: Callable[[Mapping[str, Any], Array, Array], Array]  # by the outputs and the noise
    sent: Callable[[Array], Array]  # actions as the environment takes them


def policy(actor: Any, info: SpaceInfo) -> Policy | None:
    """The actor's; None: it is of another kind, remembers, sees a mask, or tells its features."""
    chosen = getattr(actor, "distribution", None)
    if not isinstance(actor, Actor) or not isinstance(chosen, Categorical | Gaussian):
        return None
    if actor.cell is not None or actor.tells_features or info.mask is not None:
        return None
    architecture = Architecture(actor.network, info.action_size, info.continuous)
    arrays = {"parameters": nest(dict(actor.parameters)), "moments": actor.moments}
    if isinstance(chosen, Gaussian):
        arrays["std"] = chosen.std

    def outputs(given: Mapping[str, Any], seen: Array) -> Array:
        inputs = _normalised(given["moments"], _features(seen, info))
        return policy_outputs(architecture, given["parameters"], inputs)

    return Policy(
        key=(architecture, actor.rescaled, actor.moments is None, info),
        arrays=arrays,
        outputs=outputs,
        sample=_gaussian if info.continuous else _categorical,
        sent=_sender(info, actor.rescaled),
    )


def _features(seen: Array, info: SpaceInfo) -> Array:
    """As `observations.features`."""
    if info.observation_start is not None:
        return jax.nn.one_hot(seen, info.observation_size)
    return seen.reshape(len(seen), -1).astype(jnp.float32)


def _normalised(moments: Any, x: Array) -> Array:
    """As `Actor.outputs`."""
    if moments is None:
        return x
    mean, scale = moments
    return jnp.clip((x - mean) * scale, -10.0, 10.0)


def _categorical(given: Mapping[str, Any], outputs: Array, noise: Array) -> Array:
    return jnp.argmax(outputs + noise, axis=-1).astype(jnp.int32)


def _gaussian(given: Mapping[str, Any], outputs: Array, noise: Array) -> Array:
    return outputs + given["std"] * noise


def _sender(info: SpaceInfo, rescaled: bool) -> Callable[[Array], Array]:
    """As `actions.sender`."""
    if not info.continuous:
        return lambda actions: actions
    low, high = (np.array(bound, np.float32) for bound in (info.low, info.high))
    bounded = np.isfinite(low) & np.isfinite(high) & rescaled
    least, size = np.where(bounded, low, 0), np.where(bounded, high, 0) - np.where(bounded, low, 0)

    def send(actions: Array) -> Array:
        stretched = least + (jnp.clip(actions, -1, 1) + 1) / 2 * size
        within = jnp.clip(jnp.where(bounded, stretched, actions), low, high)
        shape = info.action_shape
        return within if shape is None else within.reshape(len(actions), *shape)

    return send
