import sys
from collections.abc import Callable
from subprocess import check_output
from typing import Any

import numpy as np
import pytest

from faastraingym.algorithms import statistics
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.payloads import Policy, Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec
from tests.algorithms.turns import SHORT, in_turn, steps

Make = Callable[..., RunSpec]
MakePolicy = Callable[..., Policy]
# the vector entry point, snapshots of two layers, and replay
KINDS = [
    "CartPole-v1",
    "Pendulum-v1",
    "Acrobot-v1",
    "MountainCar-v0",
    "MountainCarContinuous-v0",
    "Corridor-v0",
]


def arrays(trajectory: Trajectory) -> dict[str, np.ndarray]:
    values = {name: getattr(trajectory, name) for name in trajectory.__struct_fields__}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("env_id", KINDS)
def test_two_rollouts_in_turn_equal_one_twice_as_long(
    make_spec: Make, make_policy: MakePolicy, env_id: str
) -> None:
    """Environments, actions and episode returns go on, bit for bit, over the wire."""
    short = make_spec(env_id, environment=SHORT, rollout=steps(14))
    long = make_spec(env_id, environment=SHORT, rollout=steps(28))
    policy = make_policy(short)
    whole, first, second = in_turn(short, long, policy)
    for name, expected in arrays(whole).items():
        one = getattr(first, name)[:-1] if name == "observations" else getattr(first, name)
        assert np.array_equal(np.concatenate([one, getattr(second, name)]), expected), name
    assert dump(second)[-200:] == dump(whole)[-200:]  # where they stand
    assert len(whole.episode_returns) >= 6


@pytest.mark.parametrize("stop", range(7, 12))
def test_a_cut_beside_the_end_of_an_episode_changes_nothing(
    make_spec: Make, make_policy: MakePolicy, stop: int
) -> None:
    """Just before the end, at the end, at the reset and after it."""
    for env_id in ("CartPole-v1", "Pendulum-v1", "Corridor-v0"):
        head = make_spec(env_id, environment=SHORT, rollout=steps(stop))
        tail = make_spec(env_id, environment=SHORT, rollout=steps(20 - stop))
        whole = make_spec(env_id, environment=SHORT, rollout=steps(20))
        policy = make_policy(head)
        second = collect(tail, policy, 0, collect(head, policy, 0, None))
        expected = collect(whole, policy, 0, None)
        for name in ("observations", "rewards", "valid", "truncated", "actions"):
            assert np.array_equal(getattr(second, name), getattr(expected, name)[stop:]), name


@pytest.mark.parametrize("env_id", KINDS)
def test_a_retry_collects_the_same_bytes(
    make_spec: Make, make_policy: MakePolicy, env_id: str
) -> None:
    """Equal version and slot, equal trajectory; another slot sees something else."""
    spec = make_spec(env_id, environment=SHORT, rollout=steps(12))
    policy = make_policy(spec)
    first = dump(collect(spec, policy, 0, None))
    assert dump(collect(spec, policy, 0, None)) == first
    other = collect(spec, policy, 1, None)
    assert not np.array_equal(other.observations, load(first, Trajectory).observations)


SCRIPT = """
import hashlib, sys
import numpy as np
from faastraingym.algorithms.actors.collect import collect
from faastraingym.schemas.payloads import Policy, dump
from faastraingym.algorithms.registry import parse
spec = parse({"environment": {"id": "CartPole-v1", "num_envs": 3}, "stop": {"env_steps": 9},
              "algorithm": {"name": "ppo", "hidden_sizes": [], "num_minibatches": 1},
              "rollout": {"num_steps": 50}})
kernel = np.linspace(-1, 1, 8, dtype=np.float32).reshape(4, 2)
head = {"policy/head/kernel": kernel, "policy/head/bias": np.zeros(2, np.float32)}
first = collect(spec, Policy(version=0, parameters=head), 0, None)
second = collect(spec, Policy(version=1, parameters=head), 0, first)
print(hashlib.sha256(dump(second)).hexdigest(), "jax" in sys.modules)
"""


def test_another_process_collects_the_same_bytes_without_jax() -> None:
    """Nothing depends on the process; Python's hash seed differs between the two."""
    answers = {check_output([sys.executable, "-c", SCRIPT], text=True) for _ in range(2)}
    (answer,) = answers
    assert answer.split()[1] == "False"


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Pendulum-v1"])
def test_the_step_after_an_end_is_a_masked_reset(
    make_spec: Make, make_policy: MakePolicy, env_id: str
) -> None:
    """NEXT_STEP mode: the successor is the final observation; the reset earns 0 and is invalid."""
    spec = make_spec(env_id, environment=SHORT, rollout=steps(40))
    found = collect(spec, make_policy(spec), 0, None)
    ended = found.terminated | found.truncated
    assert ended.any()
    assert np.array_equal(~found.valid[1:], ended[:-1])
    assert found.valid[0].all()
    assert not found.rewards[~found.valid].any()
    assert not ended[~found.valid].any()
    counted = found.observations[:-1][found.valid]
    assert dump_statistics(found) == dump_statistics(found, counted)


def dump_statistics(found: Trajectory, counted: np.ndarray | None = None) -> list[Any]:
    known = found.statistics if counted is None else statistics.of_batch(counted)
    return [known.count, known.mean.tolist(), known.m2.tolist()]


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Pendulum-v1", "Corridor-v0"])
def test_whole_episodes(make_spec: Make, make_policy: MakePolicy, env_id: str) -> None:
    """Every environment ends the episodes asked for; what comes after does not count."""
    rollout = {"horizon": "episodes", "num_episodes": 2}
    spec = make_spec(env_id, environment=SHORT, rollout=rollout)
    found = collect(spec, make_policy(spec), 0, None)
    ended = found.terminated | found.truncated
    assert ended.sum(axis=0).tolist() == [2, 2, 2]
    assert found.episode_lengths.sum() == found.valid.sum()
    assert len(found.episode_returns) == 6
    np.testing.assert_allclose(found.episode_returns.sum(), found.rewards.sum(), rtol=1e-5)
    assert found.continuation is None
    assert found.observations.shape[0] == found.rewards.shape[0] + 1


def test_whole_episodes_may_take_many_allocations(make_spec: Make, make_policy: MakePolicy) -> None:
    """Pendulum's 200 steps, twice, are more than one allocation holds."""
    spec = make_spec("Pendulum-v1", rollout={"horizon": "episodes", "num_episodes": 2})
    found = collect(spec, make_policy(spec), 0, None)
    assert found.episode_lengths.tolist() == [200] * 6
    assert found.rewards.shape == (401, 3)
    assert np.array_equal(np.flatnonzero(~found.valid[:, 0]), [200])


def test_log_probs_are_of_the_behaviour_policy(make_spec: Make, make_policy: MakePolicy) -> None:
    """Probabilities of the actions taken, of a policy that prefers one of them."""
    spec = make_spec(rollout=steps(100))
    found = collect(spec, make_policy(spec), 0, None)
    frequent = np.exp(found.extras["log_probs"]).mean()
    assert 0.5 < frequent < 1.0
    assert set(np.unique(found.actions)) == {0, 1}


def test_an_environment_that_raises_is_named(make_spec: Make, make_policy: MakePolicy) -> None:
    """Environment, version, slot and step are named; the cause keeps its traceback."""
    spec = make_spec("Corridor-v0", environment={"kwargs": {"fails_at": 4}}, rollout=steps(9))
    with pytest.raises(EnvironmentFailed) as caught:
        collect(spec, make_policy(spec, version=6), 2, None)
    message = "Corridor-v0, policy version 6, slot 2, step 3: ZeroDivisionError: the corridor"
    assert str(caught.value).startswith(message)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def spoilt(make_spec: Make, **kwargs: Any) -> RunSpec:
    return make_spec("Signal-v0", environment={"kwargs": kwargs}, rollout=steps(8))


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"spoilt": "reward", "at": 2}, "step 2, environment 0: reward is nan"),
        ({"spoilt": "reward", "at": 1, "ends": True}, "step 1, environment 0: reward is nan"),
        (
            {"spoilt": "observation", "at": 1, "value": "-inf"},
            "step 1, environment 0: observation element 0 is -inf",
        ),
        ({"spoilt": "observation", "at": -1}, "reset, environment 0: observation element 0"),
        # the fourth step is truncated: its observation is valued
        ({"spoilt": "observation", "at": 3}, "step 3, environment 0: observation element 0"),
    ],
)
def test_what_is_not_finite_ends_the_run(
    make_spec: Make, make_policy: MakePolicy, kwargs: dict[str, Any], words: str
) -> None:
    """Environment, slot, step, environment index and element are named."""
    spec = spoilt(make_spec, **kwargs)
    with pytest.raises(EnvironmentFailed) as caught:
        collect(spec, make_policy(spec), 2, None)
    assert str(caught.value).startswith(f"Signal-v0, policy version 0, slot 2, {words}")


def test_a_terminal_observation_may_be_anything(make_spec: Make, make_policy: MakePolicy) -> None:
    """Nothing is learnt from it: what is learnt from is finite all the same."""
    spec = spoilt(make_spec, spoilt="observation", at=1, ends=True)
    found = collect(spec, make_policy(spec), 0, None)
    assert np.isnan(found.observations[2]).all()
    assert np.isfinite(found.extras["log_probs"][found.valid]).all()
    assert np.isfinite(found.rewards).all()
    assert np.isfinite(found.statistics.mean).all()


def test_a_replayed_action_may_be_written_to(make_spec: Make, make_policy: MakePolicy) -> None:
    """What came from the store is read-only; the environment gets a copy."""
    spec = make_spec("Signal-v0", rollout=steps(3))
    policy = make_policy(spec)
    second = collect(spec, policy, 0, load(dump(collect(spec, policy, 0, None)), Trajectory))
    assert second.truncated.any()


@pytest.mark.parametrize("rollout", [steps(14), {"horizon": "episodes", "num_episodes": 1}])
def test_what_a_policy_begins_afresh_for_another_version_is_something_else(
    make_spec: Make, make_policy: MakePolicy, rollout: dict[str, Any]
) -> None:
    """With a lag version 0 acts twice; the same episodes twice would teach nothing."""
    spec = make_spec("CartPole-v1", rollout=rollout)
    policy = make_policy(spec)
    own, ahead = (collect(spec, policy, 0, None, lag=lag) for lag in (0, 1))
    assert own.version == ahead.version
    assert not np.array_equal(own.observations[0], ahead.observations[0])
