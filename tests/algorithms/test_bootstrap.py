"""How sure a mean is, held to what is known of it."""

import numpy as np
import pytest

from faastraingym.algorithms import bootstrap

DRAWN = np.random.default_rng(7).normal(100.0, 20.0, 400)


def test_the_interval_is_the_normal_one_of_many_samples() -> None:
    """Mean ± 1.96 standard errors."""
    low, high = bootstrap.interval(DRAWN)
    error = 1.96 * DRAWN.std() / len(DRAWN) ** 0.5
    assert (low, high) == pytest.approx((DRAWN.mean() - error, DRAWN.mean() + error), abs=0.2)


def test_the_same_returns_give_the_same_numbers() -> None:
    assert bootstrap.interval(DRAWN) == bootstrap.interval(DRAWN.copy())
    one = bootstrap.probability_higher(DRAWN, DRAWN + 1.0)
    assert one == bootstrap.probability_higher(DRAWN.copy(), DRAWN + 1.0)


@pytest.mark.parametrize(
    ("one", "other", "probability"),
    [
        ([500.0] * 100, [500.0] * 100, 0.0),  # a tie is not higher
        ([500.0, 500.0], [499.0, 499.0], 1.0),
        ([1.0, 2.0], [5.0, 6.0], 0.0),
        ([0.0, 1.0], [0.5, 0.5], 0.25),  # resamples of [0, 1]: half of them equal 0.5
    ],
)
def test_known_probabilities(one: list[float], other: list[float], probability: float) -> None:
    found = bootstrap.probability_higher(np.array(one), np.array(other))
    assert found == pytest.approx(probability, abs=0.02)


def test_a_shift_by_two_standard_errors_of_the_difference_is_sure_to_977_in_1000() -> None:
    error = DRAWN.std() * (2 / len(DRAWN)) ** 0.5
    assert bootstrap.probability_higher(DRAWN + 2 * error, DRAWN) == pytest.approx(0.977, abs=0.01)


def test_many_episodes_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """In several pieces as in one: as many means."""
    monkeypatch.setattr(bootstrap, "AT_ONCE", 1000)
    assert bootstrap.means(DRAWN, 0).shape == (bootstrap.RESAMPLES,)
