import tomllib
from pathlib import Path

import numpy as np
import pytest

from algorithms import ppo, rewards, spaces
from algorithms.collect import collect
from algorithms.episodes import env_steps
from algorithms.evaluate import evaluate
from events import planning
from schemas.payloads import Rewards, Trajectory
from schemas.specification import RunSpec
from schemas.validation import parse

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> RunSpec:
    return parse(tomllib.loads((EXAMPLES / f"{name}.toml").read_text()))


@pytest.mark.parametrize("name", ["cartpole", "pendulum", "acrobot"])
def test_examples_are_accepted(name: str) -> None:
    """Each parses and names an environment in which PPO can learn."""
    assert spaces.check(example(name)) == []


def best_return(spec: RunSpec, budget: int) -> float:
    """The whole training in a plain loop, without events, until the target or `budget` steps."""
    state, best = ppo.initialise(spec), -np.inf
    previous: list[Trajectory | None] = [None] * spec.rollout.count
    transformed: Rewards | None = None
    while state.env_steps < budget and best < (spec.stop.target or np.inf):
        policy = ppo.project(state)
        batch = [collect(spec, policy, i, before) for i, before in enumerate(previous)]
        plan = planning.schedule(spec, state.version, state.env_steps, sum(map(env_steps, batch)))
        if spec.reward:
            transformed = rewards.transform(spec, batch, transformed)
        given = None if transformed is None else transformed.rewards
        state, _ = ppo.update(spec, state, batch, given, plan)
        previous = list(batch)
        if plan.evaluate:
            best = max(best, float(evaluate(spec, ppo.project(state)).returns.mean()))
    return best


@pytest.mark.parametrize(
    ("name", "budget"), [("cartpole", 50_000), ("pendulum", 100_000), ("acrobot", 100_000)]
)
def test_the_examples_learn(name: str, budget: int) -> None:
    """The example's target is reached in half of its budget or less."""
    spec = example(name)
    assert best_return(spec, budget) >= (spec.stop.target or np.inf)
