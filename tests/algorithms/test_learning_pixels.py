"""Learning from pixels, by convolutions."""

import importlib.util
import tomllib
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.registry import parse
from tests.algorithms.test_learning import best_return
from tests.checkout import CHECKOUT

STEPS = 8
SIDE = 9
SIGNS = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]], [[1, 0, 1], [0, 1, 0], [1, 0, 1]]], np.uint8)


class Signs(gymnasium.Env):
    """Shows + or x somewhere, five bright pixels each, and pays for its name: by chance 4 of 8."""

    observation_space = Box(0, 255, (1, SIDE, SIDE + 2), np.uint8)
    action_space = Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self._seen(), {}

    def step(self, action: int) -> Any:
        reward = float(action == self.wanted)
        return self._seen(), reward, False, False, {}

    def _seen(self) -> np.ndarray:
        self.wanted = int(self.np_random.integers(2))
        top, left = self.np_random.integers(SIDE - 2), self.np_random.integers(SIDE)
        seen = np.zeros(self.observation_space.shape, np.uint8)
        seen[0, top : top + 3, left : left + 3] = 255 * SIGNS[self.wanted]
        return seen


@pytest.fixture(autouse=True)
def signs() -> Iterator[None]:
    gymnasium.register("Signs-v0", entry_point=Signs, max_episode_steps=STEPS)
    yield
    del gymnasium.registry["Signs-v0"]


PPO = {"name": "ppo", "learning_rate": 2e-3, "num_minibatches": 4, "update_epochs": 4, "gamma": 0.0}
DQN = {"name": "dqn", "learning_rate": 2e-3, "gradient_steps": 64, "gamma": 0.0,
       "capacity": 20_000, "exploration_fraction": 0.3}  # fmt: skip


@pytest.mark.parametrize(
    ("algorithm", "network", "budget"),
    [
        (PPO, {"images": "small", "trunk": "shared"}, 20_000),
        (DQN, {"images": "small", "layer_norm": True}, 10_000),
    ],
    ids=["ppo", "dqn"],
)
def test_signs_are_told_wherever_they_are(
    algorithm: dict[str, Any], network: dict[str, Any], budget: int
) -> None:
    raw = {
        "environment": {"id": "Signs-v0", "num_envs": 8},
        "algorithm": {**algorithm, "hidden_sizes": [], "network": network},
        "rollout": {"num_steps": 64},
        "evaluation": {"every": 3, "episodes": 40},
        "stop": {"env_steps": budget, "target": 7.8},
        "seed": 1,
    }
    spec = parse(raw)
    assert spaces.check(spec) == []
    assert best_return(spec, budget) >= 7.8


def test_catch_is_learnt() -> None:
    """The example, to its target, in the steps that its page says."""
    folder = CHECKOUT / "examples/pixels"
    described = importlib.util.spec_from_file_location("catch", folder / "catch.py")
    assert described is not None
    assert described.loader is not None
    described.loader.exec_module(importlib.util.module_from_spec(described))
    try:
        raw = tomllib.loads((folder / "catch.toml").read_text())
        raw["environment"]["id"] = "Catch-v0"
        spec = parse(raw)
        assert spaces.check(spec) == []
        assert best_return(spec, 40_000) == 1.0
    finally:
        del gymnasium.registry["Catch-v0"]
