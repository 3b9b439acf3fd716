"""Statistics of runs: by hand, by identities. Their oracle: test_comparison_oracle.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from faastraingym.algorithms import comparison

FINITE = st.floats(-1e6, 1e6)
SCORES = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=FINITE)
FIVE = np.array([[1.0], [2.0], [3.0], [4.0], [100.0]])


def test_a_quarter_of_the_scores_is_left_out_at_each_end() -> None:
    assert comparison.mean(FIVE) == 22.0
    assert comparison.interquartile_mean(FIVE) == 3.0  # 2, 3, 4: int(5 / 4) is left out
    assert comparison.interquartile_mean(FIVE[:3]) == 2.0  # of three nothing is
    assert comparison.interquartile_mean(FIVE.T) == 3.0  # over runs and tasks


def test_the_optimality_gap_counts_what_is_missing_alone() -> None:
    """Of 4: 3, 2, 1, 0, and 0 for the run above it."""
    assert comparison.optimality_gap(FIVE, 4.0) == pytest.approx(6 / 5)
    assert comparison.optimality_gap(FIVE, 1.0) == 0.0


def test_equal_runs_improve_on_each_other_by_half() -> None:
    """4 wins and one tie of the 6 pairs of {2, 3} and {1, 2, 2.5}."""
    scores, others = np.array([[2.0], [3.0]]), np.array([[1.0], [2.0], [2.5]])
    assert comparison.probability_of_improvement(scores, others) == pytest.approx(4.5 / 6)


def test_a_profile_is_the_share_above_each_threshold() -> None:
    thresholds = np.array([0.0, 1.0, 2.5, 100.0])
    assert comparison.performance_profile(FIVE, thresholds).tolist() == [1.0, 0.8, 0.6, 0.0]


@given(SCORES, SCORES)
def test_improvement_of_both_sums_up_to_one(scores: np.ndarray, others: np.ndarray) -> None:
    tasks = min(scores.shape[1], others.shape[1])
    ours, theirs = scores[:, :tasks], others[:, :tasks]
    there = comparison.probability_of_improvement(ours, theirs)
    back = comparison.probability_of_improvement(theirs, ours)
    assert there + back == pytest.approx(1.0)
    assert 0.0 <= there <= 1.0


@given(SCORES)
def test_resamples_keep_to_their_task(scores: np.ndarray) -> None:
    found = comparison.resamples(scores, np.random.default_rng(1), count=20)
    assert found.shape == (20, *scores.shape)
    for task in range(scores.shape[1]):
        assert set(found[:, :, task].ravel()) <= set(scores[:, task])


@given(SCORES, st.floats(-10, 10), st.floats(0.1, 10))
def test_an_interval_moves_and_scales_with_the_scores(
    scores: np.ndarray, shift: float, scale: float
) -> None:
    """And is within the scores' range; the same generator chooses the same runs."""
    low, high = _interval(scores)
    assert scores.min() - 1e-6 <= low <= high <= scores.max() + 1e-6
    np.testing.assert_allclose(
        _interval(scores * scale + shift),
        [low * scale + shift, high * scale + shift],
        rtol=1e-6,
        atol=1e-4,
    )


def _interval(scores: np.ndarray) -> np.ndarray:
    found = comparison.resamples(scores, np.random.default_rng(7), count=200)
    return comparison.interval(comparison.mean(found))


def test_statistics_of_resamples_are_those_of_each() -> None:
    """Leading axes stay; every statistic treats each resample alone."""
    generator = np.random.default_rng(3)
    scores = generator.normal(size=(6, 2))
    some = comparison.resamples(scores, generator, count=5)
    thresholds = np.linspace(-2, 2, 7)
    for statistic in (
        comparison.mean,
        comparison.interquartile_mean,
        lambda found: comparison.optimality_gap(found, 0.5),
        lambda found: comparison.probability_of_improvement(found, scores),
        lambda found: comparison.performance_profile(found, thresholds),
    ):
        np.testing.assert_allclose(statistic(some), [statistic(one) for one in some])


def test_two_scores_have_the_interval_of_the_binomial() -> None:
    """The mean of two draws from {0, 1} is 0, 0.5 or 1 with 1/4, 1/2, 1/4: beyond 2.5 % each.

    Of twelve runs of which six have 1, the mean is Binomial(12, 1/2) / 12, whose quantiles of
    2.5 % and 97.5 % are 3 / 12 and 9 / 12.
    """
    few, many = np.array([[0.0], [1.0]]), np.repeat([[0.0], [1.0]], 6, axis=0)
    found = [
        comparison.interval(comparison.mean(comparison.resamples(s, np.random.default_rng(0))))
        for s in (few, many)
    ]
    assert found[0].tolist() == [0.0, 1.0]
    np.testing.assert_allclose(found[1], [3 / 12, 9 / 12])
