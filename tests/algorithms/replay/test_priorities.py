import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms.replay import priorities
from faastraingym.algorithms.replay.window import Window
from faastraingym.schemas.messages import VersionRange

OF = Window(VersionRange(first=5, last=7), slots=1, steps=2, num_envs=2)  # 12 transitions
ROWS = 4  # of the ring: versions 5, 6, 7 are in rows 1, 2, 3


def of_window(numbers: list[float]) -> np.ndarray:
    """A ring whose window has these priorities, and row 0 some that are not of it."""
    found = np.full((ROWS, 1, 2, 2), 99.0, np.float32)
    found[1:] = np.array(numbers, np.float32).reshape(3, 1, 2, 2)
    return found


def test_transitions_are_drawn_in_proportion_to_their_priorities() -> None:
    """Those of older versions and pseudo-transitions never are."""
    held = of_window([1, 2, 0, 3, 0, 0, 4, 0, 0, 0, 0, 6])
    numbers, weights = priorities.draw(OF, held, 1.0, 1.0, 1, 7, 100, 160)
    assert numbers.shape == weights.shape == (100, 160)
    counts = np.bincount(numbers.ravel(), minlength=12)
    expected = held[1:].ravel() / 16 * 16_000
    assert np.abs(counts - expected).max() < 110  # whole strata of 1,000 are nearly exact
    assert (counts[expected == 0] == 0).all()


def test_weights_undo_the_bias_and_are_1_at_the_most() -> None:
    """w = (N p)^-beta over the greatest of the minibatch: here priorities 1 and 4."""
    held = of_window([1, 4] + [0] * 10)
    numbers, weights = priorities.draw(OF, held, 1.0, 0.5, 1, 7, 3, 50)
    assert set(numbers.ravel()) == {0, 1}
    assert weights[numbers == 0] == pytest.approx(1.0)
    assert weights[numbers == 1] == pytest.approx(0.5)
    assert weights.dtype == np.float32


def test_an_exponent_of_0_is_uniform_over_what_counts() -> None:
    held = of_window([1, 9, 0, 3] + [0] * 8)
    numbers, weights = priorities.draw(OF, held, 0.0, 1.0, 1, 7, 100, 30)
    assert np.bincount(numbers.ravel(), minlength=12)[[0, 1, 3]] == pytest.approx(1000, abs=100)
    assert set(numbers.ravel()) == {0, 1, 3}
    assert (weights == 1.0).all()


@given(st.integers(0, 2**62), st.integers(0, 10**6), st.integers(0, 50))
def test_a_draw_is_the_same_again(seed: int, version: int, among: int) -> None:
    held = of_window(np.random.default_rng(among).random(12).tolist())
    first, again = (priorities.draw(OF, held, 0.6, 0.4, seed, version, 2, 8) for _ in range(2))
    assert np.array_equal(first.numbers, again.numbers)
    assert np.array_equal(first.weights, again.weights)


def test_new_transitions_have_the_greatest_priority_and_resets_none() -> None:
    before = of_window(list(range(12)))
    valid = np.array([[[True, False], [True, True]]])
    after = priorities.enter(before, 8, valid)
    assert after[0].ravel().tolist() == [99.0, 0.0, 99.0, 99.0]  # 8 is in row 0
    assert np.array_equal(after[1:], before[1:])
    first = priorities.enter(np.zeros((2, 1, 2, 2), np.float32), 0, valid)
    assert first.ravel().tolist() == [1.0, 0.0, 1.0, 1.0] + [0.0] * 4


def test_what_was_learnt_from_has_the_size_of_its_last_error() -> None:
    before = of_window([1.0] * 12)
    after = priorities.learnt(OF, before, np.array([[0, 11], [0, 4]]), np.array([[1, -3], [-2, 0]]))
    assert np.flatnonzero(after[1:] != before[1:]).tolist() == [0, 4, 11]
    assert after[1:].ravel()[[0, 4, 11]] == pytest.approx([2.0, 0.0, 3.0], abs=1e-5)
    assert after[1:].min() > 0.0
    assert np.array_equal(after[0], before[0])
    assert (before[1:] == 1.0).all()
