"""Environments on JAX that step together, in NEXT_STEP mode: the step after an end is the reset.

Randomness is a function of the rollout's key, the environment's place, its episode and the step.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from faastraingym.algorithms.compiled.program import Key, Program, State


class Fleet(NamedTuple):
    """B environments, between two steps; all arrays begin with that axis."""

    state: State
    keys: jax.Array  # [B, 2] uint32, of their episodes
    episode: jax.Array  # [B] int32
    steps: jax.Array  # [B] int32, of the episode
    ended: jax.Array  # [B] bool


class Answer(NamedTuple):
    """What a step gives of each; a reset's reward is 0, its flags are False."""

    observation: jax.Array  # [B, ...]
    reward: jax.Array  # [B] float32
    terminated: jax.Array  # [B] bool
    truncated: jax.Array  # [B] bool


class Compiled(NamedTuple):
    """The functions of one environment, compiled once for each number of environments."""

    begin: Callable[[Key, jax.Array], tuple[Fleet, Any]]
    step: Callable[[Key, jax.Array, Fleet, Any], tuple[Fleet, Answer]]
    traced: Callable[[Key, jax.Array, Fleet, Any], tuple[Fleet, Answer]]  # for larger programs


@functools.lru_cache(maxsize=16)
def compiled(program: Program) -> Compiled:
    """How `program` is begun and stepped, from a key and the environments' places [B]."""
    begin = functools.partial(_begin, program)
    step = functools.partial(_step, program)
    return Compiled(jax.jit(begin), jax.jit(step), step)


def _begin(program: Program, key: Key, places: jax.Array) -> tuple[Fleet, Any]:
    """All of them after their first reset, and the observations."""
    zeros = jnp.zeros(len(places), jnp.int32)
    keys, state, observations = _fresh(program, key, places, zeros)
    return Fleet(state, keys, zeros, zeros, zeros > 0), observations


def _step(
    program: Program, key: Key, places: jax.Array, before: Fleet, actions: Any
) -> tuple[Fleet, Answer]:
    """One step of each, or the reset of those that had ended."""
    ended = before.ended
    episode = before.episode + ended
    step_keys = jax.vmap(jax.random.fold_in)(before.keys, before.steps + 1)
    state, observation, reward, terminated, truncated = _plain(
        jax.vmap(program.step)(step_keys, before.state, actions)
    )

    def with_resets(stepped: Any) -> Any:
        fresh = _fresh(program, key, places, episode)
        return jax.tree.map(functools.partial(_where, ended), fresh, stepped)

    # A reset may cost more than a step, and is needed seldom.
    stepped = (before.keys, state, observation)
    keys, state, observation = jax.lax.cond(ended.any(), with_resets, lambda same: same, stepped)
    reward = jnp.where(ended, 0.0, reward.astype(jnp.float32))
    terminated, truncated = (flag.astype(bool) & ~ended for flag in (terminated, truncated))
    steps = jnp.where(ended, 0, before.steps + 1)
    after = Fleet(state, keys, episode, steps, terminated | truncated)
    return after, Answer(observation, reward, terminated, truncated)


def _fresh(program: Program, key: Key, places: jax.Array, episode: jax.Array) -> Any:
    """The episodes' keys [B, 2], and states and observations after their resets, [B] each."""
    fold, zeros = jax.random.fold_in, jnp.zeros(len(places), jnp.int32)  # steps count from 1
    keys = jax.vmap(lambda place, number: fold(fold(key, place), number))(places, episode)
    return keys, *_plain(jax.vmap(program.reset)(jax.vmap(fold)(keys, zeros)))


def _plain(tree: Any) -> Any:
    """Numbers that Python wrote, as a state's `time=0`, get the type that a step's have."""
    return jax.tree.map(lambda x: jax.lax.convert_element_type(x, jnp.asarray(x).dtype), tree)


def _where(ended: jax.Array, fresh: jax.Array, stepped: jax.Array) -> jax.Array:
    chosen = ended.reshape(-1, *(1,) * (stepped.ndim - 1))
    return jnp.where(chosen, fresh, stepped).astype(stepped.dtype)
