"""The actor in NumPy beside the learner's network, and how it explores."""

import math

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms import trees
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.off_policy import networks
from faastraingym.algorithms.off_policy.networks import Architecture
from faastraingym.algorithms.sac import acting
from faastraingym.algorithms.sac.acting import Actor
from faastraingym.algorithms.sac.specification import plan
from faastraingym.schemas.payloads import Policy
from tests.algorithms.off_policy.runs import a_spec

INFO = SpaceInfo(observation_size=3, continuous=True, action_size=2, low=(-3, 0), high=(1, 8))


def a_policy(sizes: tuple[int, ...], activation: str) -> tuple[Architecture, Policy]:
    architecture = Architecture(Trunk(sizes, activation), 4)
    parameters = networks.initial(architecture, 3, jax.random.key(5))
    return architecture, Policy(version=0, parameters=trees.flatten({"policy": parameters}))


def an_actor(uniform: bool = False) -> Actor:
    return Actor(a_policy((), "relu")[1], Trunk((), "relu"), INFO, uniform)


@pytest.mark.parametrize("sizes", [(), (8,), (16,) * 11])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_it_is_the_learners_network(sizes: tuple[int, ...], activation: str) -> None:
    architecture, policy = a_policy(sizes, activation)
    seen = np.random.default_rng(1).normal(size=(7, 3)).astype(np.float32)
    found = Actor(policy, architecture.trunk, INFO, False).outputs(seen)
    parameters = trees.nest(policy.parameters)["policy"]
    np.testing.assert_allclose(found, networks.values(architecture, parameters, seen), atol=1e-5)
    assert found.dtype == np.float32


def test_the_arrays_that_there_are_are_those_of_the_networks() -> None:
    spec = a_spec("sac", hidden_sizes=[8, 5])
    info = SpaceInfo(observation_size=3, continuous=True, action_size=2)
    declared = acting.learner_arrays(spec, info)
    assert declared["policy/head/kernel"].dimensions == (5, 4)  # means and log deviations
    assert declared["critic_1/layer_0/kernel"].dimensions == (5, 8)  # observation and action
    assert declared["target_0/head/bias"].dimensions == (1,)
    assert declared["ent_coef/log"].dimensions == ()
    assert set(acting.policy_arrays(spec, info)) == {n for n in declared if n[:7] == "policy/"}
    assert "ent_coef/log" not in acting.learner_arrays(a_spec("sac", ent_coef=0.1), info)


def test_a_sample_by_hand() -> None:
    """tanh(mean + std noise); the second deviation is e^5, which is cut to e^2."""
    outputs = np.array([[0.5, 0.1, math.log(0.1), 5.0]], np.float32)
    noise = np.array([[1.0, -0.2]], np.float32)
    expected = [[math.tanh(0.6), math.tanh(0.1 - 0.2 * math.exp(2.0))]]
    np.testing.assert_allclose(an_actor().sample(outputs, noise), expected, rtol=1e-6)
    found = an_actor().deterministic(outputs)
    np.testing.assert_allclose(found, [[math.tanh(0.5), math.tanh(0.1)]], rtol=1e-6)


def test_actions_are_stretched_to_the_bounds() -> None:
    """-1, 0 and 1 are the lower bound, the middle and the upper one, of each element."""
    found = an_actor().sent(np.array([[-1, 1], [0, 0], [1, -1], [0.5, -0.5]], np.float32))
    assert found.tolist() == [[-3, 8], [-1, 4], [1, 0], [0, 2]]


def test_before_learning_starts_actions_are_uniform_whatever_the_network_says() -> None:
    spec = a_spec("sac", learning_starts=30)
    shares = [plan(spec, steps / 400).exploration["uniform"] for steps in (0, 29, 30, 400)]
    assert shares == [1.0, 1.0, 0.0, 0.0]
    policy = a_policy((), "relu")[1]
    early = acting.actor(spec, policy, INFO, {"uniform": 1.0})
    noise = early.noise(np.random.default_rng(3), 1, 40_000)[0]
    actions = early.sample(np.full((40_000, 4), 9.0, np.float32), noise)
    found = np.histogram(actions[:, 1], bins=10, range=(-1.0, 1.0))[0]
    np.testing.assert_allclose(found / 40_000, 0.1, atol=0.008)
    assert actions.dtype == np.float32
    for exploration in ({"uniform": 0.0}, {}):
        assert not acting.actor(spec, policy, INFO, exploration).uniform


@given(st.integers(0, 20), st.integers(0, 20), st.booleans())
def test_noise_in_two_halves_is_the_noise_of_the_whole(
    first: int, second: int, uniform: bool
) -> None:
    actor, whole, parts = an_actor(uniform), np.random.default_rng(3), np.random.default_rng(3)
    halves = [actor.noise(parts, steps, 3) for steps in (first, second)]
    assert np.array_equal(np.concatenate(halves), actor.noise(whole, first + second, 3))
