"""Distributions of actions: the actor's in NumPy and the learner's in JAX, by literal numbers."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from faastraingym.algorithms.actor_critic import likelihoods
from faastraingym.algorithms.actor_critic.networks import Architecture
from faastraingym.algorithms.actor_critic.sampling import (
    Bernoulli,
    Categorical,
    Distribution,
    Gaussian,
    MultiCategorical,
)
from faastraingym.algorithms.networks.description import Trunk

LOG3 = np.log(3.0)


class Case(NamedTuple):
    """Outputs of two samples, actions, and what is known of them."""

    distribution: Distribution
    architecture: Architecture
    outputs: Any
    actions: Any
    log_probs: Any
    entropies: Any
    modes: Any
    log_std: Any = None


# Logits 0 and log 3 are the probabilities 1/4 and 3/4, whose entropy is 0.562335 nats.
# Of three equal choices each has 1/3, and the entropy is log 3 = 1.098612.
CASES = {
    "Discrete": Case(
        Categorical(2),
        Architecture(Trunk((), "tanh"), 2, continuous=False),
        [[0.0, LOG3], [5.0 + LOG3, 5.0]],
        [0, 0],
        [-1.386294, -0.287682],
        [0.562335, 0.562335],
        [1, 0],
    ),
    "MultiDiscrete": Case(
        MultiCategorical((2, 3)),
        Architecture(Trunk((), "tanh"), 5, continuous=False, choices=(2, 3)),
        [[0.0, LOG3, 7.0, 7.0, 7.0], [LOG3, 0.0, 0.0, -100.0, 0.0]],
        [[0, 2], [1, 0]],
        [-1.386294 - 1.098612, -1.386294 - 0.693147],
        [0.562335 + 1.098612, 0.562335 + 0.693147],
        [[1, 0], [0, 0]],
    ),
    "MultiBinary": Case(
        Bernoulli(2),
        Architecture(Trunk((), "tanh"), 2, continuous=False, bits=True),
        [[LOG3, 0.0], [-LOG3, 200.0]],
        [[1, 0], [1, 1]],
        [-0.287682 - 0.693147, -1.386294],
        [0.562335 + 0.693147, 0.562335],
        [[1, 0], [0, 1]],
    ),
    # Deviations 1 and 2: each element one deviation off its mean; the entropy is
    # log(2 pi e) + log 2 = 3.531024.
    "Box": Case(
        Gaussian(np.log(np.array([1.0, 2.0], np.float32))),
        Architecture(Trunk((), "tanh"), 2, continuous=True),
        [[0.0, 0.0], [3.0, -1.0]],
        [[1.0, 2.0], [3.0, -1.0]],
        [-0.5 - 0.5 - 1.837877 - 0.693147, -1.837877 - 0.693147],
        [3.531024, 3.531024],
        [[0.0, 0.0], [3.0, -1.0]],
        log_std=np.log(np.array([1.0, 2.0], np.float32)),
    ),
}
each = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@each
def test_the_actor_s_log_probabilities_and_modes(case: Case) -> None:
    outputs = np.array(case.outputs, np.float32)
    actions = np.array(case.actions, np.float32 if case.log_std is not None else np.int32)
    found = case.distribution.log_prob(outputs, actions)
    np.testing.assert_allclose(found, case.log_probs, atol=1e-5)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(case.distribution.mode(outputs), np.float32(case.modes))


@each
@pytest.mark.parametrize("variant", [jax.jit, lambda f: f], ids=["jit", "plain"])
def test_the_learner_s_log_probabilities_and_entropies(case: Case, variant: Any) -> None:
    found, entropies = variant(
        lambda outputs, actions: likelihoods.of_actions(
            case.architecture, {"policy": {"log_std": case.log_std}}, outputs, actions
        )
    )(np.array(case.outputs, np.float32), np.array(case.actions))
    np.testing.assert_allclose(found, case.log_probs, atol=1e-5)
    np.testing.assert_allclose(entropies, case.entropies, atol=1e-5)


@each
def test_gradients_are_finite_where_choices_are_absent_or_certain(case: Case) -> None:
    def total(outputs: jax.Array) -> jax.Array:
        known = {"policy": {"log_std": case.log_std}}
        found = likelihoods.of_actions(case.architecture, known, outputs, jnp.array(case.actions))
        return found[0].sum() + found[1].sum()

    gradient = jax.grad(total)(jnp.array(case.outputs, jnp.float32))
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0.1


def test_noise_samples_each_element_by_its_own_probabilities() -> None:
    """Of 40,000 samples, shares within 0.01; and elements are independent."""
    outputs = np.tile(np.array(CASES["MultiDiscrete"].outputs[0], np.float32), (40_000, 1))
    distribution = CASES["MultiDiscrete"].distribution
    noise = distribution.noise(np.random.default_rng(0), (1, len(outputs)))[0]
    first, second = distribution.sample(outputs, noise).T
    np.testing.assert_allclose(np.bincount(first) / 40_000, [0.25, 0.75], atol=0.01)
    np.testing.assert_allclose(np.bincount(second) / 40_000, [1 / 3] * 3, atol=0.01)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.02


def test_logistic_noise_samples_bits_by_the_sigmoid() -> None:
    outputs = np.tile(np.array([[LOG3, -LOG3, 0.0]], np.float32), (40_000, 1))
    noise = Bernoulli(3).noise(np.random.default_rng(0), (1, len(outputs)))[0]
    found = Bernoulli(3).sample(outputs, noise)
    np.testing.assert_allclose(found.mean(axis=0), [0.75, 0.25, 0.5], atol=0.01)
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.02


@each
def test_noise_in_parts_is_noise_at_once(case: Case) -> None:
    """Two rollouts draw what one twice as long draws."""
    whole, parts = np.random.default_rng(3), np.random.default_rng(3)
    halves = [case.distribution.noise(parts, (t, 5)) for t in (3, 4)]
    assert np.array_equal(case.distribution.noise(whole, (7, 5)), np.concatenate(halves))
    assert halves[0].dtype == np.float32
