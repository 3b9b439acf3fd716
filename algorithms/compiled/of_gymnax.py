"""Environments of gymnax 1.0 and later, whose steps tell a time limit from an end.

Its `step` resets an environment that ended; here are `step_env`, which does not, and
`is_truncated`.
"""

import dataclasses
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box, Space

from faastraingym.algorithms.errors import EnvironmentFailed


@contextmanager
def _without(name: str) -> Iterator[None]:
    """An empty module takes the place of one that was not imported yet."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = ModuleType(name)
    try:
        yield
    finally:
        del sys.modules[name]


# For the pictures of one game gymnax imports seaborn, and that pandas and scipy.stats: three
# quarters of a cold start.
with _without("seaborn"):
    import gymnax
    from gymnax.environments.spaces import Box as TheirBox
    from gymnax.environments.spaces import gymnax_space_to_gym_space

LIMIT = "max_steps_in_episode"


def ids() -> list[str]:
    """The names that gymnax has registered."""
    return list(gymnax.registered_envs)


def arguments(name: str) -> list[str] | None:
    """The arguments of an environment: of its class, and its parameters."""
    env, params = gymnax.make(name)
    of_class = [key for key in inspect.signature(type(env)).parameters if key != "kwargs"]
    return [*of_class, *(field.name for field in dataclasses.fields(params))]


def parts(name: str, kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """The fields of a Program.

    Args:
        name: of the environment.
        kwargs: fields of its parameters, or arguments of its class; `max_episode_steps` is its
            parameter `max_steps_in_episode`.

    Raises:
        EnvironmentFailed: gymnax is older than 1.0, or has no such argument.
    """
    if "max_episode_steps" in kwargs:
        kwargs[LIMIT] = kwargs.pop("max_episode_steps")
    env, params = gymnax.make(name)
    if not hasattr(env, "is_truncated"):
        raise EnvironmentFailed(
            f"gymnax:{name}: its gymnax takes a time limit for an end; install gymnax>=1.0"
        )
    known = {field.name for field in dataclasses.fields(params)}
    of_class = {key: value for key, value in kwargs.items() if key not in known}
    if of_class:
        env, params = gymnax.make(name, **of_class)
    params = params.replace(**{key: kwargs[key] for key in kwargs.keys() & known})

    theirs = env.observation_space(params)

    def reset(key: Any) -> tuple[Any, Any]:
        observation, state = env.reset_env(key, params)
        return state, _of_space(observation, theirs)

    def step(key: Any, state: Any, action: Any) -> tuple[Any, ...]:
        observation, state, reward, terminated, _ = env.step_env(key, state, action, params)
        observed = _of_space(observation, theirs)
        return state, observed, reward, terminated, env.is_truncated(state, params)

    spaces = (_space(theirs), _space(env.action_space(params)))
    return reset, step, *spaces, int(params.max_steps_in_episode)


def _of_space(observation: Any, space: Any) -> Any:
    """Some environments give integers where their space has floats, or the other way round."""
    dtype = getattr(space, "dtype", None)
    return observation if dtype is None else jnp.asarray(observation).astype(dtype)


def _space(space: Any) -> Space[Any]:
    """Gymnasium's, whose bounds are one for each element."""
    if not isinstance(space, TheirBox):
        return gymnax_space_to_gym_space(space)
    dtype, shape = np.dtype(space.dtype), tuple(space.shape)
    low, high = (np.broadcast_to(np.asarray(b, dtype), shape) for b in (space.low, space.high))
    return Box(low, high, shape, dtype.type)
