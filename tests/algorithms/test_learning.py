import tomllib
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym.algorithms import registry, rewards
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.episodes import env_steps
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.registry import parse
from faastraingym.algorithms.replay import ring
from faastraingym.events.pipeline import planning
from faastraingym.schemas.payloads import Rewards, Trajectory
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
    learner = registry.learner(spec)
    state, best = learner.initialise(spec), -np.inf
    policies = {0: learner.project(state)}
    previous: list[Trajectory | None] = [None] * spec.rollout.count
    window, acted = ring.of_run(spec), {0: 0}
    transformed: Rewards | None = None
    while state.env_steps < budget and best < (spec.stop.target or np.inf):
        policy = policies[planning.acting(spec, state.version)]
        lag = state.version - policy.version
        explored = planning.learning_plan(spec, acted[policy.version]).exploration
        batch = [
            collect(spec, policy, i, last, lag=lag, exploration=explored)
            for i, last in enumerate(previous)
        ]
        plan = planning.update_plan(
            spec, state.version, state.env_steps, sum(map(env_steps, batch))
        )
        if spec.reward:
            transformed = rewards.transform(spec, batch, transformed)
        given = None if transformed is None else transformed.rewards
        if window:
            window.write(state.version, batch, given)
        state, _ = learner.update(spec, state, batch, given, plan, window)
        previous, policies[state.version] = list(batch), learner.project(state)
        acted[state.version] = state.env_steps
        if plan.evaluate:
            best = max(best, float(evaluate(spec, policies[state.version]).returns.mean()))
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
