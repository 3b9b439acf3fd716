"""Environments of Brax, without its own wrappers: those reset an environment that ended.

Brax leaves time limits to a wrapper, which says `done` at one. Here the limit truncates.
"""

import inspect
from typing import Any

import jax.numpy as jnp
import numpy as np
from brax import envs
from gymnasium.spaces import Box, Dict

LIMIT = 1000  # steps of an episode, as in Brax's own training


def ids() -> list[str]:
    """The names that Brax has registered."""
    return sorted(envs._envs)


def arguments(name: str) -> list[str] | None:
    """The arguments of an environment's class; None: it takes any."""
    found = inspect.signature(envs._envs[name]).parameters
    is_any = any(each.kind is each.VAR_KEYWORD for each in found.values())
    return None if is_any else list(found)


def parts(name: str, kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """The fields of a Program.

    Args:
        name: of the environment.
        kwargs: arguments of its class, as `backend`; `max_episode_steps` is ours.
    """
    limit = int(kwargs.pop("max_episode_steps", LIMIT))
    env = envs.get_environment(name, **kwargs)

    def reset(key: Any) -> tuple[Any, Any]:
        state = env.reset(key)
        return (state, jnp.int32(0)), state.obs

    def step(key: Any, state: Any, action: Any) -> tuple[Any, ...]:
        before, steps = state
        after = env.step(before, action)
        ended = (after, steps + 1), after.obs, after.reward
        return *ended, after.done > 0.5, steps + 1 >= limit

    actions = Box(np.float32(-1), np.float32(1), (env.action_size,), np.float32)
    return reset, step, _observed(env.observation_size), actions, limit


def _observed(size: Any) -> Any:
    if isinstance(size, dict):
        return Dict({name: _observed(part) for name, part in size.items()})
    shape = (size,) if isinstance(size, int) else tuple(size)
    return Box(-np.inf, np.inf, shape, np.float32)
