"""Return against policy lag, with the correction for it and without.

The task is one number: the reward of an action a is -(a - 1)^2. What is not corrected then climbs
where an older policy stood: gradient descent with a delay, which is stable only below a step size
that shrinks with the lag, so that with one step size the mean settles at a small lag and swings
about 1 at a large one. With log-probabilities of acting time, actions of a policy that has been
left count less. (Without them, 16 updates behind, the mean passes 4, where a step costs about 10.)
"""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym.algorithms import registry
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.registry import parse
from faastraingym.events.pipeline import planning
from faastraingym.schemas.payloads import Policy, Trajectory
from faastraingym.schemas.specification import RunSpec

LAGS = (0, 1, 4, 16)
UPDATES = 100
SETTLED = 40  # the last updates, whose rewards count


class Target(gymnasium.Env):
    """Shows nothing but a constant and pays -(a - 1)^2."""

    observation_space = gymnasium.spaces.Box(0.0, 1.0, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-100.0, 100.0, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return np.ones(1, np.float32), {}

    def step(self, action: np.ndarray) -> Any:
        return np.ones(1, np.float32), -float((action[0] - 1.0) ** 2), False, False, {}


@pytest.fixture(scope="module", autouse=True)
def target() -> Iterator[None]:
    gymnasium.register("Target-v0", entry_point=Target, max_episode_steps=15)
    yield
    del gymnasium.registry["Target-v0"]


IMPALA = {"name": "impala", "learning_rate": 0.03}
PPO = {
    "name": "ppo",
    "learning_rate": 0.03,
    "update_epochs": 1,
    "num_minibatches": 1,
    "normalize_advantages": False,
}
DECOUPLED = {**PPO, "decoupled_weight_max": 2.0}


def specification(lag: int, settings: dict[str, Any]) -> RunSpec:
    """The entropy bonus alone would make the deviation 1/2, so that rewards are -1/4 at best."""
    algorithm = {
        "gamma": 0.0,
        "ent_coef": 0.5,
        "max_grad_norm": 100.0,
        "hidden_sizes": [],
        **settings,
    }
    return parse(
        {
            "seed": 1,
            "environment": {"id": "Target-v0", "num_envs": 4},
            "rollout": {"num_steps": 16, "max_policy_lag": lag},
            "algorithm": algorithm,
            "stop": {"env_steps": 1_000_000},
        }
    )


def as_if_fresh(spec: RunSpec, policy: Policy, trajectory: Trajectory) -> Trajectory:
    """`trajectory`, whose log-probabilities say that `policy` acted: nothing is corrected."""
    actor: Any = registry.acting(spec).actor(spec, policy, describe(spec), {})
    seen = trajectory.observations[:-1]
    outputs = actor.outputs(seen.reshape(-1, 1)).reshape(seen.shape)
    return replace(trajectory, extras=actor.extras(outputs, trajectory.actions))


def returns(lag: int, corrected: bool, settings: dict[str, Any] = IMPALA) -> np.ndarray:
    """The mean reward of a step in each batch of a training in which `lag` is forced."""
    spec = specification(lag, settings)
    learner = registry.learner(spec)
    state, previous, rewards = learner.initialise(spec), None, []
    policies = [learner.project(state)]
    for version in range(UPDATES):
        acting = policies[planning.acting(spec, version)]
        assert version - acting.version == min(lag, version)
        previous = collect(spec, acting, 0, previous, lag=version - acting.version)
        given = previous if corrected else as_if_fresh(spec, policies[-1], previous)
        plan = planning.update_plan(spec, version, state.env_steps, 64)
        state, _ = learner.update(spec, state, [given], None, plan)
        policies.append(learner.project(state))
        rewards.append(float(previous.rewards[previous.valid].mean()))
    return np.array(rewards)


def test_with_the_correction_every_lag_comes_to_the_same_return() -> None:
    """A random policy begins with -2; nothing is worse on the way."""
    for lag in LAGS:
        found = returns(lag, corrected=True)
        assert -0.5 < found[-SETTLED:].mean() < -0.1, lag
        assert found.min() > -4.0, lag


def test_without_it_a_large_lag_ruins_what_a_small_one_does_not() -> None:
    """A learner that leaves log mu(a|s) out is this one, and fails the test above."""
    worst = {lag: returns(lag, corrected=False).min() for lag in LAGS}
    assert worst[0] > -4.0 < worst[1], worst
    assert worst[16] < -6.0, worst


def first_good(found: np.ndarray) -> int:
    """The first update whose batch has a mean reward above -1."""
    return int(np.argmax(found > -1.0))


def test_ppo_comes_to_the_same_return_at_every_lag_decoupled_or_not() -> None:
    """Return against lag, `decoupled_weight_max` off and on; at lag 0 both are one objective.

    The clip holds a policy near the one that acted, 16 updates ago, which slows it down; decoupled,
    it holds it near the one before the update. A learner that is deaf to the setting fails here.
    """
    off = {lag: returns(lag, True, PPO) for lag in LAGS}
    on = {lag: returns(lag, True, DECOUPLED) for lag in LAGS}
    for lag, found in [*off.items(), *on.items()]:
        assert -0.7 < found[-SETTLED:].mean() < -0.1, lag
        assert found.min() > -4.0, lag
    np.testing.assert_allclose(on[0], off[0], rtol=1e-3)
    assert first_good(off[16]) - first_good(on[16]) >= 5
    assert off[16][-SETTLED:].mean() < on[16][-SETTLED:].mean()
