"""The statistics beside rliable's own, whose environment `make rliable` makes (pandas 2)."""

import numpy as np
import pytest

library = pytest.importorskip("rliable.library", reason="`make rliable` has it")
metrics = pytest.importorskip("rliable.metrics", reason="`make rliable` has it")

from faastraingym.algorithms import comparison  # noqa: E402

CASES = [
    np.random.default_rng(seed).normal(100.0, 30.0, size=shape).round(digits)
    for seed, (shape, digits) in enumerate(
        [((3, 1), 3), ((5, 1), 0), ((10, 1), -1), ((8, 4), 2), ((30, 6), 3), ((4, 3), -2)]
    )
]  # rounded, so that some scores are equal
MANY = 5_000


@pytest.mark.parametrize("scores", CASES, ids=lambda scores: str(scores.shape))
def test_aggregates_are_those_of_rliable(scores: np.ndarray) -> None:
    assert comparison.mean(scores) == pytest.approx(metrics.aggregate_mean(scores))
    assert comparison.interquartile_mean(scores) == pytest.approx(metrics.aggregate_iqm(scores))
    for optimum in (scores.min(), 100.0, scores.max()):
        assert comparison.optimality_gap(scores, optimum) == pytest.approx(
            metrics.aggregate_optimality_gap(scores, optimum), abs=1e-9
        )


@pytest.mark.parametrize("scores", CASES, ids=lambda scores: str(scores.shape))
def test_improvement_is_that_of_rliable(scores: np.ndarray) -> None:
    others = np.concatenate([scores + 10.0, scores[:2]])
    for ours, theirs in ((scores, others), (others, scores), (scores, scores)):
        assert comparison.probability_of_improvement(ours, theirs) == pytest.approx(
            metrics.probability_of_improvement(ours, theirs)
        )


@pytest.mark.parametrize("scores", CASES, ids=lambda scores: str(scores.shape))
def test_profiles_are_those_of_rliable(scores: np.ndarray) -> None:
    thresholds = np.unique(np.concatenate([scores.ravel(), np.linspace(0, 200, 21)]))
    found = comparison.performance_profile(scores, thresholds)
    np.testing.assert_allclose(found, library.score_distributions(scores, thresholds))


@pytest.mark.parametrize("scores", CASES[2:5], ids=lambda scores: str(scores.shape))
def test_intervals_are_those_of_rliable(scores: np.ndarray) -> None:
    """Other random numbers, so within a tenth of the interval's width."""
    np.random.seed(1)  # rliable 1.2 draws from the global generator
    statistics = {"mean": comparison.mean, "iqm": comparison.interquartile_mean}
    theirs = {"mean": metrics.aggregate_mean, "iqm": metrics.aggregate_iqm}
    for name, statistic in statistics.items():
        calculate = theirs[name]
        _, said = library.get_interval_estimates(
            {name: scores},
            lambda found, calculate=calculate: np.array([calculate(found)]),
            reps=MANY,
        )
        drawn = comparison.resamples(scores, np.random.default_rng(2), MANY)
        found = comparison.interval(statistic(drawn))
        width = float(np.ptp(said[name]))
        np.testing.assert_allclose(found, said[name][:, 0], atol=width / 10)
