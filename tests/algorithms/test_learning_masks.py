"""The masked games of examples/masks: a knight's tour, and Connect Four of PettingZoo."""

import importlib.util
import tomllib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import gymnasium
import numpy as np
import pytest

from faastraingym.algorithms import registry
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.specification import RunSpec
from tests.algorithms.test_learning import best_return
from tests.checkout import CHECKOUT
from tests.spaces import forget

FOLDER = CHECKOUT / "examples" / "masks"
VALID_AT_RANDOM = 13.6  # moves of a tour, by valid moves that are drawn
DQN = {
    "name": "dqn",
    "learning_rate": 1e-3,
    "hidden_sizes": [128, 128],
    "gradient_steps": 128,
    "capacity": 50_000,
    "double": True,
    "exploration_fraction": 0.3,
}


def module(name: str) -> ModuleType:
    """Code of the folder, which registers its environment."""
    found = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert found is not None
    assert found.loader is not None
    made = importlib.util.module_from_spec(found)
    found.loader.exec_module(made)
    return made


@pytest.fixture
def tour() -> Iterator[ModuleType]:
    yield module("knights_tour")
    del gymnasium.registry["KnightsTour-v0"]
    forget()


@pytest.fixture
def four() -> Iterator[ModuleType]:
    pytest.importorskip("pettingzoo", reason="the extra `pettingzoo`")
    yield module("connect_four")
    del gymnasium.registry["ConnectFour-v0"]
    forget()


def specification(steps: int, **algorithm: Any) -> RunSpec:
    raw = tomllib.loads((FOLDER / "knights_tour.toml").read_text())
    raw["environment"]["id"] = "KnightsTour-v0"
    raw["stop"]["env_steps"] = steps
    return parse(raw | ({"algorithm": algorithm} if algorithm else {}))


def test_the_example_is_accepted(tour: ModuleType) -> None:
    spec = specification(40_000)
    assert spaces.check(spec) == []
    assert describe(spec).mask is not None


def test_more_than_half_of_a_knights_moves_are_not_valid(tour: ModuleType) -> None:
    environment, generator = tour.KnightsTour(), np.random.default_rng(0)
    lengths, shares = [], []
    for seed in range(300):
        seen, info = environment.reset(seed=seed)
        ended, length = False, 0
        while not ended:
            mask = info["action_mask"]
            shares.append(mask.mean())
            action = int(generator.choice(np.flatnonzero(mask)))
            seen, reward, ended, _, info = environment.step(action)
            length += int(reward)
        assert not info["action_mask"].any()
        assert seen[:25].sum() == length + 1
        lengths.append(length)
    assert np.mean(shares) < 0.5
    assert np.mean(lengths) == pytest.approx(VALID_AT_RANDOM, abs=0.5)


@pytest.mark.parametrize("algorithm", [{}, DQN], ids=["ppo", "dqn"])
def test_a_masked_tour_is_learnt(tour: ModuleType, algorithm: dict[str, Any]) -> None:
    """In 20,480 steps, in which a policy without masks gets to 12 by PPO, to 15 by DQN."""
    spec = specification(20_480, **algorithm)
    assert best_return(spec, 20_480) >= 17.5


def test_connect_four_is_played_by_valid_moves(four: ModuleType) -> None:
    """Its illegal moves would end the game; rollouts go on where others stopped."""
    spec = parse(
        {
            "environment": {"id": "ConnectFour-v0", "num_envs": 2},
            "algorithm": {"name": "ppo", "hidden_sizes": [8], "num_minibatches": 1},
            "rollout": {"count": 1, "num_steps": 40},
            "evaluation": {"episodes": 10},
            "stop": {"env_steps": 1000},
        }
    )
    assert spaces.check(spec) == []
    info = describe(spec)
    assert (info.mask and info.mask.path, info.observation_size) == ("action_mask", 84)
    learner = registry.learner(spec)
    policy = learner.project(learner.initialise(spec))
    trajectory = None
    for _ in range(3):
        trajectory = collect(spec, policy, 0, trajectory)
        masks = trajectory.observations["action_mask"][:-1]
        taken = np.take_along_axis(masks, trajectory.actions[..., None], axis=-1)[..., 0]
        assert taken[trajectory.valid].all()
        assert set(trajectory.episode_returns) <= {-1.0, 0.0, 1.0}
    assert set(evaluate(spec, policy).returns) <= {-1.0, 0.0, 1.0}
