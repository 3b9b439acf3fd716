import itertools
from collections.abc import Callable
from typing import Any, cast

import gymnasium
import numpy as np
import pytest

from faastraingym.algorithms import registry, statistics
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.payloads import Policy, Trajectory
from faastraingym.schemas.specification import RunSpec


class Corridor(gymnasium.Env):
    """A walk that no table of snapshots knows; `step` draws random numbers too."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2, start=1)

    def __init__(self, fails_at: int | None = None) -> None:
        self.fails_at = fails_at

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.place, self.steps = self.np_random.normal(), 0
        return self._seen(), {}

    def step(self, action: int) -> Any:
        if action not in (1, 2):
            raise ValueError(f"action {action}")
        self.steps += 1
        if self.steps == self.fails_at:
            raise ZeroDivisionError("the corridor collapsed")
        self.place += 0.5 * (action - 1) + 0.3 * self.np_random.normal()
        return self._seen(), float(self.place), bool(self.place > 3), False, {}

    def _seen(self) -> np.ndarray:
        return np.array([self.place, self.steps], np.float32)


class Signal(gymnasium.Env):
    """Shows a random number and pays the action; `spoilt` at step `at` is `value`, an end or not.

    It refuses actions that its space does not contain, and writes to those that it takes.
    """

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float32)
    unseeded = itertools.count()  # what no seed determines

    def __init__(
        self,
        bound: float = 100.0,
        spoilt: str = "",
        at: int = -1,
        value: str = "nan",
        ends: bool = False,
    ) -> None:
        self.action_space = gymnasium.spaces.Box(-bound, bound, (1,), np.float64)
        self.spoilt, self.at, self.value, self.ends = spoilt, at, float(value), ends

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.steps = 0
        return self._seen(), {}

    def step(self, action: np.ndarray) -> Any:
        if not self.action_space.contains(action):
            raise ValueError(f"action {action!r}")
        reward = float(action[0])
        action[0] = 0.0
        self.steps += 1
        reward = self.value if self._is_spoilt("reward") else reward
        ended = self.ends and self.steps - 1 == self.at
        return self._seen(), reward, ended, False, {}

    def _is_spoilt(self, what: str) -> bool:
        return self.spoilt == what and self.steps - 1 == self.at

    def _seen(self) -> np.ndarray:
        seen = next(self.unseeded) if self.spoilt == "seed" else self.np_random.normal()
        return np.array([self.value if self._is_spoilt("observation") else seen], np.float32)


@pytest.fixture(scope="session", autouse=True)
def environments() -> Any:
    """`Corridor-v0` and `Signal-v0`, registered while these tests run."""
    gymnasium.register("Corridor-v0", entry_point=Corridor, max_episode_steps=9)
    gymnasium.register("Signal-v0", entry_point=Signal, max_episode_steps=4)
    yield
    del gymnasium.registry["Corridor-v0"], gymnasium.registry["Signal-v0"]


@pytest.fixture
def make_spec() -> Callable[..., RunSpec]:
    """Builds a specification from an environment id and tables that differ from a small default."""

    def build(env_id: str = "CartPole-v1", **tables: Any) -> RunSpec:
        environment = {"id": env_id, "num_envs": 3, **tables.pop("environment", {})}
        algorithm = {"name": "ppo", "num_minibatches": 1, **tables.pop("algorithm", {})}
        raw = {"environment": environment, "algorithm": algorithm, "stop": {"env_steps": 1000}}
        return parse({**raw, **tables})

    return build


@pytest.fixture
def make_policy() -> Callable[..., Policy]:
    """Builds a random policy for a specification, without the learner."""

    def build(spec: RunSpec, version: int = 0) -> Policy:
        info, random = describe(spec), np.random.default_rng(7)
        parameters = {}
        for path, array in registry.acting(spec).policy_arrays(spec, info).items():
            scale = 0.3 if path.endswith("kernel") else 1.0
            drawn = random.normal(size=cast(Any, array.dimensions), scale=scale)
            parameters[path] = drawn.astype(np.float32)
        if info.continuous:
            parameters["policy/log_std"] = np.full(info.action_size, -0.5, np.float32)
        return Policy(version=version, parameters=parameters)

    return build


@pytest.fixture
def make_trajectory() -> Callable[..., Trajectory]:
    """Builds a trajectory of one environment, one observation element, from short lists."""

    def build(**changes: Any) -> Trajectory:
        steps = len(changes.get("rewards", [0.0, 0.0]))
        column = {
            name: np.array(changes.pop(name, default), dtype)[:, None]
            for name, default, dtype in (
                ("rewards", [0.0] * steps, np.float32),
                ("terminated", [False] * steps, np.bool_),
                ("truncated", [False] * steps, np.bool_),
                ("valid", [True] * steps, np.bool_),
            )
        }
        seen = np.array(changes.pop("observations", [0.0] * (steps + 1)), np.float32)
        fields = {
            "version": 0,
            "index": 0,
            "observations": seen[:, None, None],
            "actions": np.zeros((steps, 1), np.int32),
            "extras": {"log_probs": np.full((steps, 1), -0.5, np.float32)},
            "episode_returns": np.zeros(0),
            "episode_lengths": np.zeros(0, np.int32),
            "statistics": statistics.of_batch(seen[:-1, None][column["valid"][:, 0]]),
            **column,
        }
        return Trajectory(**{**fields, **changes})

    return build
