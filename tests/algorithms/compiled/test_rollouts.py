"""Rollouts and evaluations in gymnax's environments keep the promises of all others."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym.algorithms import registry, statistics
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.actors.evaluation_pieces import divided, merge
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.payloads import Policy, Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec
from tests.algorithms.turns import SHORT, in_turn, steps

if find_spec("gymnax") is None:  # its own import asks for seaborn, ours does not
    pytest.skip("the extra `jaxenvs`", allow_module_level=True)

from faastraingym.algorithms.compiled.program import program
from faastraingym.algorithms.compiled.vector import Environments
from faastraingym.algorithms.environments.vectors import Seeds

Make = Callable[..., RunSpec]
MakePolicy = Callable[..., Policy]
CARTPOLE, PENDULUM = "gymnax:CartPole-v1", "gymnax:Pendulum-v1"
LAKE = "gymnax:FrozenLake-misc"  # a Discrete observation, and draws in its steps
KINDS = [CARTPOLE, PENDULUM, LAKE]
FIELDS = ("actions", "rewards", "terminated", "truncated", "valid")


@pytest.mark.parametrize("env_id", KINDS)
def test_two_rollouts_in_turn_equal_one_twice_as_long(
    make_spec: Make, make_policy: MakePolicy, env_id: str
) -> None:
    """The state travels as arrays; nothing is played again."""
    short = make_spec(env_id, environment=SHORT, rollout=steps(14))
    long = make_spec(env_id, environment=SHORT, rollout=steps(28))
    policy = make_policy(short)
    whole, first, second = in_turn(short, long, policy)
    for name in FIELDS:
        parts = [getattr(first, name), getattr(second, name)]
        assert np.array_equal(np.concatenate(parts), getattr(whole, name)), name
    seen = np.concatenate([first.observations[:-1], second.observations])
    assert np.array_equal(seen, whole.observations)
    assert dump(second)[-200:] == dump(whole)[-200:]  # where they stand
    assert second.continuation is not None
    assert set(second.continuation["fleet"]) == {"snapshot"}


@pytest.mark.parametrize("env_id", KINDS)
def test_a_lost_trajectory_is_made_again_to_the_same_bytes(
    make_spec: Make, make_policy: MakePolicy, env_id: str
) -> None:
    spec = make_spec(env_id, environment=SHORT, rollout=steps(14))
    first = load(dump(collect(spec, make_policy(spec), 0, None)), Trajectory)
    newer = make_policy(spec, 1)
    lost = dump(collect(spec, newer, 0, first))
    assert dump(collect(spec, newer, 0, first)) == lost
    assert dump(collect(spec, newer, 1, None)) != dump(collect(spec, newer, 0, None))


@pytest.mark.parametrize("env_id", KINDS)
def test_the_policy_in_the_program_is_the_actor(
    make_spec: Make, make_policy: MakePolicy, env_id: str
) -> None:
    """The recorded outputs' probabilities are those that the NumPy actor gives."""
    spec = make_spec(env_id, environment=SHORT, rollout=steps(30))
    found, info = collect(spec, policy := make_policy(spec), 0, None), describe(spec)
    actor = registry.acting(spec).actor(spec, policy, info, {})
    inputs = found.observations[:-1].reshape(90, -1).astype(np.float32)
    if info.observation_start is not None:
        inputs = np.eye(info.observation_size, dtype=np.float32)[found.observations[:-1].ravel()]
    outputs = actor.outputs(inputs).reshape(30, 3, -1)
    expected = actor.log_probs(outputs, found.actions)
    np.testing.assert_allclose(found.extras["log_probs"], expected, rtol=1e-4, atol=1e-5)
    assert found.extras["log_probs"].std() > 0.01


def test_normalised_observations_and_stretched_actions(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    """Pendulum's torque of -2 to 2 is what the policy means by -1 to 1."""
    algorithm = {"normalize_observations": True, "rescale_actions": True}
    spec = make_spec(PENDULUM, algorithm=algorithm, rollout=steps(20))
    far = np.random.default_rng(0).normal(2.0, 3.0, (100, 3)).astype(np.float32)
    policy = replace(make_policy(spec), statistics=statistics.of_batch(far))
    found, info = collect(spec, policy, 0, None), describe(spec)
    actor = registry.acting(spec).actor(spec, policy, info, {})
    outputs = actor.outputs(found.observations[:-1].reshape(60, 3)).reshape(20, 3, 1)
    expected = actor.log_probs(outputs, found.actions)
    np.testing.assert_allclose(found.extras["log_probs"], expected, rtol=1e-4, atol=1e-5)
    vector = Environments(spec.environment, 3, Seeds(spec.seed, "reset", (0, 0)))
    assert np.array_equal(vector.reset(), found.observations[0])
    for t, action in enumerate(found.actions):
        seen, reward, *_ = vector.vector.step(actor.sent(action))
        np.testing.assert_allclose(seen, found.observations[t + 1], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(reward, found.rewards[t], rtol=1e-3, atol=1e-4)


def test_time_limits_truncate(make_spec: Make, make_policy: MakePolicy) -> None:
    """Pendulum never terminates; what its 200th step shows is the final observation."""
    spec = make_spec(PENDULUM, rollout=steps(402))
    found = collect(spec, make_policy(spec), 0, None)
    assert not found.terminated.any()
    assert np.flatnonzero(found.truncated[:, 0]).tolist() == [199, 400]
    assert np.flatnonzero(~found.valid[:, 0]).tolist() == [200, 401]
    assert found.episode_lengths.tolist() == [200] * 6
    assert not found.rewards[200].any()
    jump = np.abs(np.diff(found.observations[:, :, 2], axis=0)).max(axis=1)
    assert jump[:200].max() < 1.6 < jump[200]  # 24 / (2 * 10) + 3 * 2 * 0.05: of one step


def test_whole_episodes(make_spec: Make, make_policy: MakePolicy) -> None:
    """What comes after the last of them does not count."""
    rollout = {"horizon": "episodes", "num_episodes": 2}
    spec = make_spec(CARTPOLE, rollout=rollout)
    found = collect(spec, make_policy(spec), 0, None)
    ended = found.terminated | found.truncated
    assert ended.sum(axis=0).min() == 2
    assert len(found.episode_returns) == 6
    assert found.valid.sum() == found.episode_lengths.sum() == found.episode_returns.sum()
    assert ended[-1].any()


@pytest.mark.parametrize("name", ["dqn", "a2c"])
def test_other_algorithms_act_there(name: str) -> None:
    """DQN's actor stays NumPy's, between compiled steps."""
    environment, stop = {"id": CARTPOLE, "num_envs": 3}, {"env_steps": 90}
    tables = {"environment": environment, "algorithm": {"name": name}, "stop": stop}
    spec = parse({**tables, "rollout": steps(20)})
    learner = registry.learner(spec)
    policy = learner.project(learner.initialise(spec))
    made = [dump(collect(spec, policy, 0, None, exploration={"epsilon": 0.5})) for _ in range(2)]
    assert made[0] == made[1]
    assert load(made[0], Trajectory).observations.shape == (21, 3, 4)


def test_an_evaluation_in_pieces_is_what_the_whole_is(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    asked = {"every": 1, "episodes": 70, "pieces": 3}
    spec = make_spec(CARTPOLE, environment=SHORT, evaluation=asked)
    policy = make_policy(spec)
    whole, parts = evaluate(spec, policy), [evaluate(spec, policy, piece=i) for i in range(3)]
    assert dump(merge(spec, 0, parts)) == dump(whole)
    assert whole.lengths.max() == 9
    assert divided(make_spec(CARTPOLE, evaluation={"every": 1, "episodes": 70})) is not None


def test_a_state_of_another_environment_is_refused(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    spec = make_spec(CARTPOLE, rollout=steps(5))
    found = collect(spec, make_policy(spec), 0, None)
    assert found.continuation is not None
    fleet = found.continuation["fleet"]
    del fleet["snapshot"]["000"]
    with pytest.raises(EnvironmentFailed, match="CartPole-v1: the state that the slot's last"):
        collect(spec, make_policy(spec), 0, found)


@pytest.mark.parametrize("env_id", [*KINDS, "gymnax:Catch-bsuite", "gymnax:FourRooms-misc"])
def test_a_specification_of_one_passes(make_spec: Make, env_id: str) -> None:
    """It is reset and stepped like any other, without a complaint."""
    algorithm = {"name": "ppo", "num_minibatches": 1}
    assert spaces.check(make_spec(env_id, algorithm=algorithm)) == []


def test_arguments_are_parameters_or_the_class_s(make_spec: Make) -> None:
    kwargs = {"map_name": "8x8", "max_episode_steps": 7}
    spec = make_spec(LAKE, environment={"kwargs": kwargs})
    assert program(spec.environment).max_steps == 7
    assert describe(spec).observation_size == 64
    spec = make_spec(CARTPOLE, environment={"kwargs": {"gravity": 1.5, "x_threshold": 1.0}})
    assert program(spec.environment).observed.high[0] == 2.0


@pytest.mark.parametrize(
    ("env_id", "environment", "words"),
    [
        ("gymnax:Cartpole-v1", {}, "has no environment 'Cartpole-v1'; did you mean 'CartPole-v1'"),
        (
            CARTPOLE,
            {"wrappers": [{"name": "FlattenObservation"}]},
            "found FlattenObservation, but gymnax:CartPole-v1 runs on JAX",
        ),
        (
            CARTPOLE,
            {"kwargs": {"gravty": 1.0}},
            "kwargs.gravty: gymnax:CartPole-v1 has no such argument; did you mean",
        ),
        (CARTPOLE, {"memory": "carry"}, "get_state() is not there"),
    ],
)
def test_what_it_cannot_be_is_refused(
    make_spec: Make, env_id: str, environment: dict[str, Any], words: str
) -> None:
    (problem,) = spaces.check(make_spec(env_id, environment=environment))
    assert words in problem


def test_a_recurrent_policy_acts_between_steps(make_spec: Make, make_policy: MakePolicy) -> None:
    """In NumPy, which moves its memory on: the program of a whole rollout has none."""
    cell = {"recurrent": {"cell": "gru", "size": 5}, "hidden_sizes": [5]}
    spec = make_spec(CARTPOLE, environment=SHORT, rollout=steps(14), algorithm=cell)
    policy, info = make_policy(spec), describe(spec)
    actor: Any = registry.acting(spec).actor(spec, policy, info, {})
    found = collect(spec, policy, 0, None)
    assert np.any(found.continuation["actor_memory"])  # type: ignore[index]
    memory = np.zeros((3, 5), np.float32)
    for t in range(9):  # an episode's steps
        outputs = actor.outputs(found.observations[t], memory=memory)
        expected = actor.log_probs(outputs, found.actions[t])
        np.testing.assert_allclose(found.extras["log_probs"][t], expected, atol=1e-5)
