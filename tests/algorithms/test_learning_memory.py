"""Learning where what is seen now does not tell what to do: only a memory of the episode does."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.registry import parse
from tests.algorithms.test_learning import best_return

BLANKS = 4


class Recall(gymnasium.Env):
    """Shows a cue of two, then nothing; pays 1 for the cue's action in the last step.

    Chance, and any policy that does not remember the cue, is worth 0.5.
    """

    observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.left, self.cue = BLANKS, int(self.np_random.integers(2))
        return np.array([2 * self.cue - 1, 0], np.float32), {}

    def step(self, action: int) -> Any:
        self.left -= 1
        last = self.left == 0
        reward = float(last and action == self.cue)
        return np.array([0, self.left == 1], np.float32), reward, last, False, {}


class Age(gymnasium.Env):
    """Shows nothing at all; pays 1 for the action 1 in the third step, and takes 0.2 in any other.

    Episodes end by chance after it. A policy that forgets cannot tell the step, nor can one whose
    memory began before the episode: they are worth 0.1 at the most.
    """

    observation_space = gymnasium.spaces.Box(0, 1, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.steps, self.length = 0, int(self.np_random.integers(3, 9))
        return np.ones(1, np.float32), {}

    def step(self, action: int) -> Any:
        self.steps += 1
        reward = float(action) if self.steps == 3 else -0.2 * float(action)
        return np.ones(1, np.float32), reward, self.steps == self.length, False, {}


@pytest.fixture(autouse=True)
def environments() -> Iterator[None]:
    gymnasium.register("Recall-v0", entry_point=Recall, max_episode_steps=9)
    gymnasium.register("Age-v0", entry_point=Age, max_episode_steps=9)
    yield
    del gymnasium.registry["Recall-v0"], gymnasium.registry["Age-v0"]


def learnt(env_id: str, budget: int, **algorithm: Any) -> float:
    raw = {
        "environment": {"id": env_id, "num_envs": 16},
        "algorithm": {
            "name": "ppo",
            "learning_rate": 5e-3,
            "gamma": 0.95,
            "num_minibatches": 2,
            "update_epochs": 4,
            "hidden_sizes": [16],
            "ent_coef": 0.01,
            **algorithm,
        },
        "rollout": {"num_steps": 32},
        "evaluation": {"every": 5, "episodes": 64},
        "stop": {"env_steps": budget, "target": 1.0},
        "seed": 1,
    }
    spec = parse(raw)
    assert spaces.check(spec) == []
    return best_return(spec, budget)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_cue_is_recalled(cell: str) -> None:
    assert learnt("Recall-v0", 10_000, recurrent={"cell": cell, "size": 16}) == 1.0


def test_the_age_of_an_episode_is_known() -> None:
    """Which needs a memory that begins with the episode."""
    assert learnt("Age-v0", 15_000, recurrent={"cell": "gru", "size": 16}) == 1.0


@pytest.mark.parametrize(("env_id", "most"), [("Recall-v0", 0.75), ("Age-v0", 0.5)])
def test_neither_is_learnt_without_a_memory(env_id: str, most: float) -> None:
    """Of 64 episodes chance wins 0.75 once in 60,000 evaluations."""
    assert learnt(env_id, 10_000) <= most
