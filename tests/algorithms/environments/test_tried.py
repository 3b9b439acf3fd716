"""Environments that people choose: each is checked, learnt from for some versions, and evaluated.

Those of extras are skipped where the extra is absent; docs/environments.md has the table.
"""

import importlib
from typing import Any, NamedTuple

import numpy as np
import pytest

from faastraingym.algorithms import registry
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.episodes import env_steps
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.registry import parse
from faastraingym.algorithms.replay import ring
from faastraingym.events.pipeline import planning
from faastraingym.schemas.payloads import Trajectory
from faastraingym.schemas.specification import RunSpec


class Tried(NamedTuple):
    """An environment, and what it needs."""

    env_id: str
    algorithm: str = "ppo"
    modules: tuple[str, ...] = ()  # that are imported for it, or the test is skipped
    wrappers: tuple[dict[str, Any], ...] = ()
    kwargs: dict[str, Any] = {}
    memory: str = "none"


BOX2D, MINIGRID, MUJOCO = ("Box2D",), ("minigrid",), ("mujoco", "imageio")
ATARI = ("ale_py", "cv2")
SEEN = ({"name": "FilterObservation", "kwargs": {"filter_keys": ["image", "direction"]}},)
PIXELS = (
    {"name": "AtariPreprocessing", "kwargs": {"frame_skip": 1, "noop_max": 5}},
    {"name": "FrameStackObservation", "kwargs": {"stack_size": 4}},
)
SHORT = {"max_episode_steps": 60}
TRIED = (
    Tried("CartPole-v1"),
    Tried("CartPole-v1", "dqn"),
    Tried("Acrobot-v1", "dqn"),
    Tried("MountainCar-v0"),
    Tried("MountainCarContinuous-v0"),
    Tried("Pendulum-v1", "sac"),
    Tried("Blackjack-v1", "dqn", kwargs=SHORT),
    Tried("FrozenLake-v1", "dqn"),
    Tried("FrozenLake8x8-v1"),
    Tried("Taxi-v4", "dqn"),
    Tried("CliffWalking-v1", kwargs=SHORT),
    Tried("LunarLander-v3", "dqn", BOX2D),
    Tried("LunarLanderContinuous-v3", "sac", BOX2D),
    Tried("BipedalWalker-v3", "sac", BOX2D, kwargs=SHORT, memory="forget"),
    Tried("CarRacing-v3", "ppo", BOX2D, kwargs=SHORT),
    Tried("MiniGrid-Empty-5x5-v0", "ppo", MINIGRID, SEEN, SHORT),
    Tried("MiniGrid-DoorKey-5x5-v0", "dqn", MINIGRID, SEEN, SHORT),
    Tried("InvertedPendulum-v5", "sac", MUJOCO, kwargs=SHORT),
    Tried("HalfCheetah-v5", "ppo", MUJOCO, kwargs=SHORT),
    Tried("Hopper-v5", "sac", MUJOCO, kwargs=SHORT),
    Tried("Ant-v5", "ppo", MUJOCO, kwargs=SHORT),
    Tried("Humanoid-v5", "ppo", MUJOCO, kwargs=SHORT),
    Tried("ALE/Pong-v5", "dqn", ATARI, PIXELS, {"frameskip": 4, **SHORT}),
    Tried("ALE/Breakout-v5", "ppo", ATARI, PIXELS, {"frameskip": 4, **SHORT}),
)
SETTINGS: dict[str, dict[str, Any]] = {
    "ppo": {"update_epochs": 1, "num_minibatches": 2, "hidden_sizes": [16]},
    "dqn": {"hidden_sizes": [16], "capacity": 128, "batch_size": 8, "gradient_steps": 2},
    "sac": {"hidden_sizes": [16], "capacity": 128, "batch_size": 8, "gradient_steps": 2},
}


def a_spec(tried: Tried) -> RunSpec:
    settings = SETTINGS[tried.algorithm]
    starts = {} if tried.algorithm == "ppo" else {"learning_starts": 32}
    environment: dict[str, Any] = {
        "id": tried.env_id,
        "num_envs": 2,
        "kwargs": tried.kwargs,
        "memory": tried.memory,
    }
    if tried.wrappers:
        environment["wrappers"] = list(tried.wrappers)
    return parse(
        {
            "seed": 1,
            "environment": environment,
            "rollout": {"count": 1, "num_steps": 16},
            "algorithm": {"name": tried.algorithm, **settings, **starts},
            "evaluation": {"every": 1, "episodes": 1},
            "stop": {"env_steps": 1000},
        }
    )


def named(tried: Tried) -> str:
    return f"{tried.env_id}-{tried.algorithm}"


@pytest.mark.parametrize("tried", TRIED, ids=named)
def test_it_is_checked_learnt_from_and_evaluated(tried: Tried) -> None:
    for module in tried.modules:
        pytest.importorskip(module, reason=f"{module} is not installed")
        importlib.import_module(module)
    spec = a_spec(tried)
    assert spaces.check(spec) == []
    learner, window = registry.learner(spec), ring.of_run(spec)
    state, last = learner.initialise(spec), None
    for _ in range(3):
        explored = planning.learning_plan(spec, state.env_steps).exploration
        last = collect(spec, learner.project(state), 0, last, exploration=explored)
        batch: list[Trajectory] = [last]
        plan = planning.update_plan(spec, state.version, state.env_steps, env_steps(last))
        if window:
            window.write(state.version, batch, None)
        state, metrics = learner.update(spec, state, batch, None, plan, window)
        assert np.isfinite(list(metrics.values())).all()
    played = evaluate(spec, learner.project(state))
    assert np.isfinite(played.returns).all()
    assert len(played.returns) == 1
    if tried.modules == ATARI:
        info = describe(spec)
        assert (info.observation_dtype, info.observation_shape) == ("|u1", (4, 84, 84))
        assert last is not None
        assert last.observations.dtype == np.uint8
