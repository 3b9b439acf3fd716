import tomllib
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from benchmarks import loop
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.specification import RunSpec

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> RunSpec:
    return parse(tomllib.loads((EXAMPLES / f"{name}.toml").read_text()))


@pytest.mark.parametrize(
    "name",
    [
        "cartpole",
        "cartpole_a2c",
        "cartpole_dqn",
        "cartpole_impala",
        "pendulum",
        "pendulum_sac",
        "acrobot",
    ],
)
def test_examples_are_accepted(name: str) -> None:
    """Each parses and names an environment in which its algorithm can learn."""
    assert spaces.check(example(name)) == []


def best_return(spec: RunSpec, budget: int) -> float:
    """The whole training in a plain loop, without events, until the target or `budget` steps."""
    best = -np.inf
    for version in loop.versions(spec):
        if version.plan.evaluate:
            best = max(best, float(evaluate(spec, version.policy).returns.mean()))
        if version.env_steps >= budget or best >= (spec.stop.target or np.inf):
            break
    return best


@pytest.mark.parametrize(
    ("name", "budget"),
    [
        ("cartpole", 50_000),
        ("cartpole_a2c", 250_000),
        ("cartpole_dqn", 50_000),
        ("cartpole_impala", 250_000),
        ("pendulum", 100_000),
        ("pendulum_sac", 20_000),
        ("acrobot", 100_000),
    ],
)
def test_the_examples_learn(name: str, budget: int) -> None:
    """The example's target is reached in half of its budget or less; DQN's and SAC's in it."""
    spec = example(name)
    assert best_return(spec, budget) >= (spec.stop.target or np.inf)


def test_cartpole_is_learnt_one_update_behind_too() -> None:
    """The ratio of PPO is to the policy that acted, so it corrects for the lag."""
    spec = example("cartpole")
    lagging = replace(spec, rollout=replace(spec.rollout, max_policy_lag=1))
    assert best_return(lagging, 50_000) >= (spec.stop.target or np.inf)
