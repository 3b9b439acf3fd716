"""Learning in spaces of several parts and of several choices."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple

from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.registry import parse
from tests.algorithms.test_learning import best_return

STEPS = 8
CHOICES = MultiDiscrete([4, 2, 3, 2], start=[1, 0, 0, 0])


class Echo(gymnasium.Env):
    """Pays the share of an action's four elements that say what four parts show.

    An actor that does not tell one of the parts gets at the most 7 of 8 in an episode; chance
    is worth 3.2 of choices and 4 of bits.
    """

    def __init__(self, bits: bool = False) -> None:
        self.bits, self.action_space = bits, MultiBinary(4) if bits else CHOICES
        self.observation_space = Dict(  # of its own, for it draws samples
            place=Discrete(4, start=1),
            level=Box(0, 1, (1,), np.float64),
            signs=Tuple([MultiBinary(1), MultiDiscrete([3, 5])]),
        )

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        return self._seen(), {}

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action)
        reward = float((action == self.wanted).mean())
        return self._seen(), reward, False, False, {}

    def _seen(self) -> Any:
        seen = self.observation_space.sample()
        place, (bit, numbers) = seen["place"], seen["signs"]
        wanted = [place, bit[0], numbers[0], seen["level"][0] > 0.5]
        self.wanted = np.array(wanted, np.int64)
        if self.bits:
            self.wanted = self.wanted > [2, 0, 1, 0]
        return seen


@pytest.fixture(autouse=True)
def echo() -> Iterator[None]:
    gymnasium.register("Echo-v0", entry_point=Echo, max_episode_steps=STEPS)
    yield
    del gymnasium.registry["Echo-v0"]


def learnt(environment: dict[str, Any], target: float, budget: int, **algorithm: Any) -> float:
    raw = {
        "environment": {"num_envs": 8, **environment},
        "algorithm": {"name": "ppo", "learning_rate": 3e-3, **algorithm},
        "rollout": {"num_steps": 64},
        "evaluation": {"every": 5, "episodes": 40},
        "stop": {"env_steps": budget, "target": target},
        "seed": 1,
    }
    spec = parse(raw)
    assert spaces.check(spec) == []
    return best_return(spec, budget)


@pytest.mark.parametrize("bits", [False, True], ids=["MultiDiscrete", "MultiBinary"])
def test_every_part_is_read_and_every_element_learnt(bits: bool) -> None:
    environment = {"id": "Echo-v0", "kwargs": {"bits": bits}}
    assert learnt(environment, 7.5, 40_000, normalize_observations=True) >= 7.5


def test_a_lake_of_numbered_squares_is_crossed() -> None:
    """Its reward is at the end alone, and chance gets there in 1 of 70 episodes."""
    lake = {"id": "FrozenLake-v1", "kwargs": {"is_slippery": False}}
    assert learnt(lake, 1.0, 60_000, learning_rate=1e-3, ent_coef=0.05) == 1.0
