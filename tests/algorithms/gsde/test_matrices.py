"""State-dependent noise: when matrices are drawn anew, what it comes to, and how it is spread."""

import copy

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms.gsde import deviations, matrices
from faastraingym.algorithms.gsde.matrices import Matrices

LOG_STD = np.log(np.array([[0.5, 1.0], [2.0, 0.25], [1.0, 1.0]], np.float32))  # [L, A]


def drawn(every: int, *counts: int) -> np.ndarray:
    """So many steps of two environments, in so many turns."""
    of, generator = Matrices(LOG_STD, every), np.random.default_rng(5)
    return np.concatenate([of.steps(generator, steps, 2) for steps in counts])


@pytest.mark.parametrize(("every", "first"), [(1, [0, 1, 2, 3, 4, 5]), (4, [0, 0, 0, 0, 1, 1])])
def test_a_matrix_stays_for_so_many_steps(every: int, first: list[int]) -> None:
    found = drawn(every, 6)
    assert found.shape == (6, 2, 3, 2)
    assert found.dtype == np.float32
    different = np.unique(found.reshape(6, -1), axis=0, return_inverse=True)[1].ravel()
    assert [list(dict.fromkeys(different)).index(i) for i in different] == first
    assert not np.array_equal(found[0, 0], found[0, 1])  # each environment has its own


def test_none_is_drawn_anew_within_a_rollout_where_that_is_asked() -> None:
    found = drawn(0, 3, 4)
    assert all(np.array_equal(found[0], each) for each in found)


@given(st.integers(0, 5), st.integers(0, 12), st.integers(0, 12))
def test_two_halves_in_turn_equal_the_whole(every: int, first: int, second: int) -> None:
    assert np.array_equal(drawn(every, first, second), drawn(every, first + second))


@pytest.mark.parametrize("every", [0, 1, 4])
def test_another_number_of_environments_begins_anew(every: int) -> None:
    """As who samples actions for one observation, and then for a batch."""
    of, generator = Matrices(LOG_STD, every), np.random.default_rng(5)
    of.steps(generator, 3, 1)
    as_new = Matrices(LOG_STD, every).steps(copy.deepcopy(generator), 5, 4)
    np.testing.assert_array_equal(of.steps(generator, 5, 4), as_new)


def test_noise_by_hand() -> None:
    """z W of each environment."""
    latent = np.array([[1.0, 2.0], [0.0, -1.0]], np.float32)
    weights = np.array([[[3.0], [0.5]], [[9.0], [2.0]]], np.float32)
    assert matrices.noise(latent, weights).tolist() == [[4.0], [-2.0]]


def test_a_deviation_by_hand_and_as_the_learner_calculates_it() -> None:
    """The square root of (1 * 0.5)^2 + (2 * 2)^2, and of 1 + (2 / 4)^2; z_3 is 0."""
    latent = np.array([[1.0, 2.0, 0.0]], np.float32)
    found = matrices.log_deviation(latent, LOG_STD)
    np.testing.assert_allclose(np.exp(found), [[np.sqrt(16.25), np.sqrt(1.25)]], rtol=1e-5)
    ours = deviations.log_deviation(jnp.asarray(latent), jnp.asarray(LOG_STD))
    np.testing.assert_allclose(found, ours, rtol=1e-5)
    nothing = matrices.log_deviation(np.zeros((1, 3), np.float32), LOG_STD)
    np.testing.assert_allclose(np.exp(nothing), 1e-3, rtol=1e-4)


def test_noise_is_spread_as_the_deviation_says() -> None:
    latent = np.tile(np.array([[1.0, 2.0, -0.5]], np.float32), (40_000, 1))
    weights = Matrices(LOG_STD, 1).steps(np.random.default_rng(3), 1, 40_000)[0]
    found = matrices.noise(latent, weights)
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=0.06)
    expected = np.exp(matrices.log_deviation(latent[0], LOG_STD))
    np.testing.assert_allclose(found.std(axis=0), expected, rtol=0.02)
