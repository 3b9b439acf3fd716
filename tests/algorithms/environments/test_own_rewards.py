"""Returns are the environment's own, whatever wrappers make of its rewards for the learner."""

import copy
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import ClipReward, NormalizeReward, TransformReward

from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.environments.own_rewards import Tap, tap
from faastraingym.schemas.payloads import Policy
from faastraingym.schemas.specification import RunSpec
from tests import remembering as kinds

Make = Callable[..., RunSpec]
MakePolicy = Callable[..., Policy]
# of Pendulum-v1 under the policy of `make_policy`, with nothing around it
PENDULUM = [-1214.84, -1238.39]


class Skipping(gymnasium.Wrapper):
    """Two steps at a time, of which the last one's reward is told."""

    def step(self, action: Any) -> Any:
        self.env.step(action)
        return self.env.step(action)


class Peeking(gymnasium.RewardWrapper):
    """Pays what it finds in the environment below."""

    def reward(self, reward: Any) -> float:
        return float(self.env.state[0])


def pendulum(memory: str, env_id: str, make_spec: Make, episodes: int = 2) -> RunSpec:
    environment = {"id": env_id, "memory": memory, "num_envs": 2}
    return make_spec(environment=environment, evaluation={"episodes": episodes})


@pytest.mark.parametrize("env_id", ["Pendulum-v1", kinds.SCALED, kinds.CLIPPED])
@pytest.mark.parametrize("memory", ["forget", "declared"])
def test_an_evaluation_reports_the_environments_own_return(
    make_spec: Make, make_policy: MakePolicy, env_id: str, memory: str
) -> None:
    """Under NormalizeReward, or two others, as without."""
    spec = pendulum(memory, env_id, make_spec)
    found = evaluate(spec, make_policy(spec))
    assert found.returns.tolist() == pytest.approx(PENDULUM, rel=1e-4)


def test_training_returns_are_the_environments_own_too(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    """What is learnt from is what the wrapper gives."""
    rollout = {"horizon": "episodes", "num_episodes": 2}
    plain, scaled = (
        collect(spec, make_policy(spec), 0, None)
        for spec in (
            make_spec(environment={"id": env_id, "memory": "forget"}, rollout=rollout)
            for env_id in ("Pendulum-v1", kinds.SCALED)
        )
    )
    assert np.array_equal(scaled.episode_returns, plain.episode_returns)
    assert not np.allclose(scaled.rewards, plain.rewards)


def test_the_tap_is_below_the_innermost_wrapper() -> None:
    """Skipped steps count; what is above it sees what was there before, and can be copied."""
    inner = gymnasium.make("Pendulum-v1").unwrapped
    wrapped = Skipping(ClipReward(TransformReward(Peeking(inner), lambda r: r + 100.0), -1, 1))
    found = tap(wrapped)
    assert isinstance(found, Tap)
    assert found.env is inner
    wrapped.reset(seed=1)
    twin = copy.deepcopy(wrapped)
    wrapped.step(np.zeros(1, np.float32))
    both = found.take()
    assert found.take() == 0.0
    alone = gymnasium.make("Pendulum-v1")
    alone.reset(seed=1)
    rewards = [float(alone.step(np.zeros(1, np.float32))[1]) for _ in range(2)]
    assert both == pytest.approx(sum(rewards))
    assert wrapped.step(np.zeros(1, np.float32))[1] == 1.0
    assert (twin.unwrapped.state != inner.state).any()


def test_nothing_is_tapped_where_nothing_changes_rewards() -> None:
    assert tap(gymnasium.make("Pendulum-v1")) is None
    assert tap(Skipping(gymnasium.make("CartPole-v1"))) is None
    assert tap(gymnasium.make(kinds.SEEN)) is None
    assert isinstance(tap(NormalizeReward(gymnasium.make("CartPole-v1"))), Tap)
