"""What a refusal tells to do can be done: the wrappers work, the packages are the right ones."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces as kinds
from gymnasium.wrappers import FlattenObservation, TransformAction

from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.environments.space_info import of_spaces
from faastraingym.algorithms.errors import EnvironmentFailed
from tests.spaces import forget

Make = Callable[..., Any]
BOX = kinds.Box(-1.0, 1.0, (2,), np.float32)


class Grid(gymnasium.Env):
    """Shows samples of its space, and takes actions of its space alone."""

    def __init__(self, observed: kinds.Space = BOX, acted: kinds.Space = BOX) -> None:
        self.observation_space, self.action_space = observed, acted

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action), action
        return self.observation_space.sample(), 1.0, False, False, {}


@pytest.fixture
def check(make_spec: Make) -> Iterator[Callable[..., list[str]]]:
    def found(make: Callable[[], gymnasium.Env]) -> list[str]:
        gymnasium.registry.pop("Grid-v0", None)
        gymnasium.register("Grid-v0", entry_point=lambda **_: make(), max_episode_steps=9)
        forget()
        return spaces.check(make_spec("Grid-v0"))

    yield found
    gymnasium.registry.pop("Grid-v0", None)
    forget()


def test_observations_that_can_be_flattened(check: Callable[..., list[str]]) -> None:
    """By the wrapper that is named."""
    space = kinds.Dict(a=BOX, b=kinds.Text(4))
    (problem,) = check(lambda: Grid(observed=space))
    assert "PPO cannot read observations in its part 'b', Text(1, 4, charset" in problem
    assert "register FlattenObservation(gymnasium.make('Grid-v0')) in a file of your own" in problem
    assert check(lambda: FlattenObservation(Grid(observed=space))) == []


def test_a_graph_takes_a_wrapper_of_one_s_own(check: Callable[..., list[str]]) -> None:
    """There is no ready one."""
    (problem,) = check(lambda: Grid(observed=kinds.Graph(BOX, None)))
    assert "register a wrapper of gymnasium.make('Grid-v0') in a file of your own" in problem


MAPPED: list[tuple[kinds.Space, Callable[[Any], Any], kinds.Space]] = [
    (kinds.Box(0, 10, (2,), np.int64), lambda a: a.astype(np.int64), kinds.Box(0, 10, (2,))),
    (
        kinds.Tuple([kinds.Discrete(3), kinds.Discrete(2)]),
        lambda a: (a[0], a[1]),
        kinds.MultiDiscrete([3, 2]),
    ),
]


@pytest.mark.parametrize(("space", "function", "to"), MAPPED, ids=[str(m[0]) for m in MAPPED])
def test_actions_that_can_be_mapped(
    check: Callable[..., list[str]],
    space: kinds.Space,
    function: Callable[[Any], Any],
    to: kinds.Space,
) -> None:
    """The spaces that are meant are named, and the wrapper."""
    (problem,) = check(lambda: Grid(acted=space))
    assert f"PPO cannot act in {space}; it acts in Discrete, MultiDiscrete, MultiBin" in problem
    assert "point numbers: register TransformAction(gymnasium.make('Grid-v0'), fu" in problem
    assert check(lambda: TransformAction(Grid(acted=space), function, to)) == []


# Run in a process that does not find `missing`: as where it is not installed.
WITHOUT = """
import importlib.abc, json, sys

missing, env_id, setup = sys.argv[1:]
__name__ = "importlib"  # or the finder would be where it is missing

class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Without())
import gymnasium
exec(setup, {"gymnasium": gymnasium, "__name__": "mine"})
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.registry import parse
environment = {"id": env_id, "num_envs": 1}
algorithm = {"name": "ppo", "num_minibatches": 1}
raw = {"environment": environment, "algorithm": algorithm, "stop": {"env_steps": 1000}}
print(json.dumps(spaces.check(parse(raw))))
"""
RACING = """
def racing(**kwargs):
    return gymnasium.make("CarRacing-v3", **kwargs)
gymnasium.register("Mine-v0", entry_point=racing, max_episode_steps=9)
"""
OWN = """
def own(**kwargs):
    import cv2
gymnasium.register("Mine-v0", entry_point=own, max_episode_steps=9)
"""
MISSING = [
    ("Box2D", "LunarLander-v3", "", "gymnasium[box2d]"),
    ("pygame", "CarRacing-v3", "", "gymnasium[box2d]"),
    ("mujoco", "Ant-v5", "", "gymnasium[mujoco]"),
    ("jax", "phys2d/CartPole-v1", "", "gymnasium[jax]"),
    ("Box2D", "Mine-v0", RACING, "gymnasium[box2d]"),
    ("cv2", "Mine-v0", OWN, "gymnasium[other]"),
    ("some_simulator", "Mine-v0", OWN.replace("cv2", "some_simulator.api"), "some_simulator"),
]


@pytest.mark.parametrize(("missing", "env_id", "setup", "package"), MISSING)
def test_the_package_that_is_missing_is_named(
    missing: str, env_id: str, setup: str, package: str
) -> None:
    """By the extra of Gymnasium that brings it, not by what that extra needs first."""
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT, missing, env_id, setup],
        capture_output=True,
        text=True,
        check=True,
    )
    (problem,) = json.loads(ran.stdout.splitlines()[-1])
    first, _, rest = problem.removeprefix("spec.environment.id: ").partition(" ")
    lacking = {missing, "Box2D"} if env_id == "CarRacing-v3" else {missing}  # the first one
    assert first.partition(".")[0] in lacking
    where = " (<string>, line 3)" if setup else ""
    said = f"is not installed, and {env_id} imports it{where}; `pip install '{package}'`"
    assert rest == said


@pytest.mark.parametrize(
    ("env_id", "remedy"),
    [
        ("ALE/Pong-v5", "`pip install 'gymnasium[atari]'` and set FTG_ENVIRONMENTS=ale_py"),
        ("MiniGrid/Empty-v0", "name the module that registers it in FTG_ENVIRONMENTS"),
        ("Zzzzzzzz-v9", "`gymnasium.pprint_registry()` lists all"),
    ],
)
def test_where_an_environment_comes_from(make_spec: Make, env_id: str, remedy: str) -> None:
    (problem,) = spaces.check(make_spec(env_id))
    assert problem.endswith(remedy)


@pytest.mark.parametrize(
    ("env_id", "made"),
    [
        ("odd:Odd", "Odd()"),
        ("CartPole-v1", "gymnasium.make('CartPole-v1')"),
        ("odd:CartPole-v1", "gymnasium.make('CartPole-v1')"),  # an id that the file registers
    ],
)
def test_what_an_author_wraps_is_made_as_the_file_makes_it(env_id: str, made: str) -> None:
    graph, discrete = kinds.Graph(BOX, None), kinds.Discrete(2)
    with pytest.raises(EnvironmentFailed) as refusal:
        of_spaces(env_id, graph, discrete, "ppo", ("Discrete",))
    assert f"register a wrapper of {made} in a file of your own" in str(refusal.value)
    with pytest.raises(EnvironmentFailed) as refusal:
        of_spaces(env_id, discrete, graph, "ppo", ("Discrete",))
    assert f"register TransformAction({made}, function, space)" in str(refusal.value)
