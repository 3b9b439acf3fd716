"""One environment on JAX, as Gymnasium has environments: to be checked, and to be played."""

import functools
from typing import Any

import gymnasium
import jax
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import TimeLimit

from faastraingym.algorithms import seeding
from faastraingym.algorithms.compiled.program import Program, program
from faastraingym.schemas.specification import EnvironmentSpec


class Single(gymnasium.Env):  # type: ignore[misc]
    """One environment, whose steps are compiled; nothing of it can be drawn."""

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(self, of: Program) -> None:
        self.observation_space, self.action_space = of.observed, of.acted
        self._reset, self._step = _functions(of)
        self._state: Any = None
        self._key, self._steps = np.zeros(2, np.uint32), 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Begins an episode; without a seed it is drawn."""
        super().reset(seed=seed)
        number = int(self.np_random.integers(1 << 31)) if seed is None else seed
        self._key, self._steps = seeding.key_data(number, "single"), 0
        self._state, observation = self._reset(self._key)
        return self._seen(observation), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step."""
        self._steps += 1
        found = self._step(self._key, self._steps, self._state, action)
        self._state, observation, reward, terminated, truncated = found
        return self._seen(observation), float(reward), bool(terminated), bool(truncated), {}

    def _seen(self, observation: Any) -> Any:
        return np.asarray(observation).astype(self.observation_space.dtype)


def make(environment: EnvironmentSpec) -> gymnasium.Env[Any, Any]:
    """The environment, under the limit of steps that it truncates itself by, too.

    Raises:
        EnvironmentFailed: it cannot be built.
    """
    of = program(environment)
    made: gymnasium.Env[Any, Any] = TimeLimit(Single(of), of.max_steps)
    return made


def registered(environment: EnvironmentSpec) -> EnvSpec:
    """How it is made, and when its episodes are truncated, as Gymnasium tells that.

    Raises:
        EnvironmentFailed: it cannot be built.
    """
    of = program(environment)
    return EnvSpec(environment.id, functools.partial(Single, of), max_episode_steps=of.max_steps)


@functools.lru_cache(maxsize=16)
def _functions(of: Program) -> tuple[Any, Any]:
    def step(key: Any, number: Any, state: Any, action: Any) -> Any:
        return of.step(jax.random.fold_in(key, number), state, action)

    return jax.jit(lambda key: of.reset(jax.random.fold_in(key, 0))), jax.jit(step)
