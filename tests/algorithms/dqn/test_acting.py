"""The actor in NumPy beside the learner's network, and how it explores."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms import trees
from faastraingym.algorithms.actor_critic import sampling
from faastraingym.algorithms.dqn import acting
from faastraingym.algorithms.dqn.acting import Actor
from faastraingym.algorithms.environments.leaves import IN_INFO, Leaf
from faastraingym.algorithms.environments.masks import leaf_of
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.off_policy import networks
from faastraingym.algorithms.off_policy.networks import Architecture
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.payloads import Policy

INFO = SpaceInfo(observation_size=3, continuous=False, action_size=4, action_start=2)
LINEAR = Architecture(Trunk((), "relu"), 4, False)


def a_policy(architecture: Architecture) -> tuple[networks.Parameters, Policy]:
    parameters = networks.initial(architecture, 3, jax.random.key(5))
    return parameters, Policy(version=0, parameters=trees.flatten({"q": parameters}))


@pytest.mark.parametrize("dueling", [False, True])
@pytest.mark.parametrize("sizes", [(), (8,), (16,) * 11])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_it_is_the_learners_network(sizes: tuple[int, ...], dueling: bool, activation: str) -> None:
    """Eleven layers, too: the tenth does not come before the second."""
    architecture = Architecture(Trunk(sizes, activation), 4, dueling)
    parameters, policy = a_policy(architecture)
    seen = np.random.default_rng(1).normal(size=(7, 3)).astype(np.float32)
    found = Actor(policy, architecture.trunk, INFO, 0.0).outputs(seen)
    np.testing.assert_allclose(found, networks.values(architecture, parameters, seen), atol=1e-5)
    assert found.dtype == np.float32


def test_a_dueling_head_by_hand() -> None:
    """V + A - mean A: 10 + (1, 2, 6, 3) - 3."""
    arrays = {
        "q/head/kernel": np.zeros((3, 4), "f4"), "q/head/bias": np.array([1, 2, 6, 3], "f4"),
        "q/value/kernel": np.zeros((3, 1), "f4"), "q/value/bias": np.array([10], "f4"),
    }  # fmt: skip
    policy = Policy(version=0, parameters=arrays)
    found = Actor(policy, LINEAR.trunk, INFO, 0.0).outputs(np.ones((1, 3)))
    assert found.tolist() == [[8.0, 9.0, 13.0, 10.0]]


@pytest.mark.parametrize("dueling", [False, True])
def test_the_arrays_that_there_are_are_those_of_the_network(dueling: bool) -> None:
    algorithm = {"name": "dqn", "hidden_sizes": [8, 5], "dueling": dueling}
    spec = parse(
        {
            "environment": {"id": "CartPole-v1"},
            "stop": {"env_steps": 9},
            "algorithm": algorithm,
        }
    )
    _, policy = a_policy(Architecture(Trunk((8, 5), "relu"), 4, dueling))
    declared = acting.policy_arrays(spec, INFO)
    assert {n: s.dimensions for n, s in declared.items()} == {
        name: array.shape for name, array in policy.parameters.items()
    }
    both = acting.learner_arrays(spec, INFO)
    assert set(both) == {*declared, *(n.replace("q/", "target/", 1) for n in declared)}


def an_actor(epsilon: float) -> Actor:
    return Actor(a_policy(LINEAR)[1], LINEAR.trunk, INFO, epsilon)


@pytest.mark.parametrize("epsilon", [0.0, 0.25, 1.0])
def test_it_explores_as_often_as_planned_with_every_action_alike(epsilon: float) -> None:
    actor = an_actor(epsilon)
    outputs = np.tile(np.array([[0, 3, 1, 2]], np.float32), (40_000, 1))
    noise = actor.noise(np.random.default_rng(3), 1, 40_000)[0]
    shares = np.bincount(actor.sample(outputs, noise), minlength=4) / 40_000
    expected = np.full(4, epsilon / 4) + np.array([0, 1 - epsilon, 0, 0])
    np.testing.assert_allclose(shares, expected, atol=0.012)
    assert (actor.deterministic(outputs) == 1).all()


@pytest.mark.parametrize("epsilon", [0.0, 0.25, 1.0])
def test_it_explores_among_valid_actions_with_each_alike(epsilon: float) -> None:
    """The greatest of all is not valid."""
    info = INFO._replace(leaves=(Leaf("", "<f4", (3,), "numbers"), leaf_of(IN_INFO, (4,))))
    actor = Actor(a_policy(LINEAR)[1], LINEAR.trunk, info, epsilon)
    seen, mask = np.ones((1, 3), np.float32), np.array([[True, False, True, True]])
    scores = actor.outputs(seen)
    scores[:, 1] = 99.0
    outputs = np.repeat(sampling.masked(scores, mask, bits=False), 40_000, axis=0)
    shares = np.bincount(
        actor.sample(outputs, actor.noise(np.random.default_rng(3), 1, 40_000)[0]), minlength=4
    )
    greedy = int(np.where(mask, scores, -np.inf).argmax())
    expected = np.where(mask[0], epsilon / 3, 0.0)
    expected[greedy] += 1 - epsilon
    np.testing.assert_allclose(shares / 40_000, expected, atol=0.012)
    assert (actor.deterministic(outputs) == greedy).all()
    np.testing.assert_array_equal(actor.outputs(seen, mask)[:, 1], sampling.ABSENT)


@given(st.integers(0, 20), st.integers(0, 20))
def test_noise_in_two_halves_is_the_noise_of_the_whole(first: int, second: int) -> None:
    actor, whole, parts = an_actor(0.5), np.random.default_rng(3), np.random.default_rng(3)
    halves = [actor.noise(parts, steps, 3) for steps in (first, second)]
    assert np.array_equal(np.concatenate(halves), actor.noise(whole, first + second, 3))


def test_actions_are_counted_from_the_environments_first() -> None:
    assert an_actor(0.0).sent(np.array([0, 3])).tolist() == [2, 5]
