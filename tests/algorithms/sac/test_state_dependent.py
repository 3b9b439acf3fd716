"""SAC's state-dependent noise: the actor beside the learner, and what is learnt of it."""

import jax
import numpy as np
import pytest

from faastraingym.algorithms import shape_checks, trees
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.gsde.matrices import log_deviation
from faastraingym.algorithms.networks.description import Trunk
from faastraingym.algorithms.sac import acting, networks
from faastraingym.algorithms.sac.acting import StateDependent
from faastraingym.algorithms.sac.networks import Shapes
from faastraingym.schemas.payloads import LearnerState, Policy
from tests.algorithms.off_policy.runs import Batches, a_ring, a_spec, go_on, started

SHAPES = Shapes(Trunk((8,), "relu"), 3, 1, log_std_init=-1.0)
SDE = a_spec("sac", sde_sample_freq=4, log_std_init=-1.0)


def a_policy() -> tuple[networks.Parameters, Policy]:
    """Whose means reach beyond the limit."""
    parameters = dict(networks.initial_policy(SHAPES, jax.random.key(5)))
    parameters["head"] = {name: 9.0 * array for name, array in parameters["head"].items()}
    return parameters, Policy(version=0, parameters=trees.flatten({"policy": parameters}))


def an_actor(uniform: bool = False) -> StateDependent:
    found = acting.actor(SDE, a_policy()[1], describe(SDE), {"uniform": float(uniform)})
    assert isinstance(found, StateDependent)
    return found


def test_means_and_deviations_are_those_of_the_learner() -> None:
    parameters, policy = a_policy()
    seen = 3.0 * np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)
    found, expected = an_actor().outputs(seen), networks.outputs(SHAPES, parameters, seen)
    np.testing.assert_allclose(found[:, :1], expected[:, :1], atol=1e-5)
    assert np.abs(found[:, :1]).max() == 2.0
    log_std = log_deviation(found[:, 1:], policy.parameters["policy/log_std"])
    np.testing.assert_allclose(log_std, expected[:, 1:], atol=1e-5)
    np.testing.assert_allclose(an_actor().deterministic(found), np.tanh(expected[:, :1]), atol=1e-5)


def test_a_sample_is_the_same_in_the_same_state_while_a_matrix_stays() -> None:
    actor, seen = an_actor(), np.random.default_rng(1).normal(size=(2, 3)).astype(np.float32)
    noise, outputs = actor.noise(np.random.default_rng(3), 6, 2), actor.outputs(seen)
    samples = [actor.sample(outputs, each) for each in noise]
    assert all(np.array_equal(samples[0], each) for each in samples[1:4])
    assert not np.array_equal(samples[0], samples[4])
    latent = outputs[:, 1:]
    expected = np.tanh(outputs[:, :1] + np.einsum("bl,bla->ba", latent, noise[0]))
    np.testing.assert_allclose(samples[0], expected, rtol=1e-5)


def test_before_learning_starts_it_is_uniform_too() -> None:
    noise = an_actor(True).noise(np.random.default_rng(3), 5, 2)
    assert noise.shape == (5, 2, 1)
    assert np.array_equal(an_actor(True).sample(np.zeros((2, 9)), noise[0]), noise[0])


@pytest.fixture(scope="module")
def learnt() -> tuple[LearnerState, LearnerState]:
    batches: Batches = {}
    first = started(SDE)
    return first, go_on(SDE, first, batches, a_ring(SDE), 4)[0]


def test_the_deviations_of_all_features_are_learnt(
    learnt: tuple[LearnerState, LearnerState],
) -> None:
    first, state = learnt
    shape_checks.learner(SDE, state)
    before, after = (each.parameters["policy/log_std"] for each in (first, state))
    assert before.shape == (8, 1)
    assert (before == -1.0).all()
    assert not np.array_equal(before, after)


def test_features_are_learnt_for_their_noise_too() -> None:
    """As in Stable-Baselines3's SAC: the deviation has a gradient in the hidden layers."""
    parameters, _ = a_policy()
    seen = np.ones((4, 3), np.float32)
    gradient = jax.grad(lambda p: networks.outputs(SHAPES, p, seen)[:, 1].sum())(parameters)
    assert np.abs(gradient["layer_0"]["kernel"]).sum() > 0.0
