"""Statistics of a few runs: aggregates of their scores, and intervals by the stratified bootstrap.

Agarwal, Schwarzer, Castro, Courville, Bellemare 2021, "Deep Reinforcement Learning at the Edge of
the Statistical Precipice" (arXiv 2108.13264), whose library rliable is the oracle of the tests.
Scores are [..., N, M], of N runs in M tasks (strata); leading axes are resamples, and stay.
"""

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95  # of an interval
TRIMMED = 0.25  # at each end, of an interquartile mean


def mean(scores: np.ndarray) -> np.ndarray:
    """The mean over runs and tasks, [...]."""
    return np.asarray(scores.mean(axis=(-2, -1)))


def interquartile_mean(scores: np.ndarray) -> np.ndarray:
    """The mean of the middle half of all scores, [...].

    A quarter of the N * M scores, rounded down, is left out at each end, as scipy's trim_mean does;
    with fewer than four scores it is their mean.
    """
    flat = np.sort(scores.reshape(*scores.shape[:-2], -1), axis=-1)
    cut = int(TRIMMED * flat.shape[-1])
    return np.asarray(flat[..., cut : flat.shape[-1] - cut].mean(axis=-1))


def optimality_gap(scores: np.ndarray, optimum: float) -> np.ndarray:
    """How far runs are below `optimum` in the mean, [...]; what is above it counts as reaching it.

    In the scores' unit. 0: every run reaches it.
    """
    return optimum - mean(np.minimum(scores, optimum))


def probability_of_improvement(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """That a run of `scores` has a greater score than one of `others`, [...]: 0 to 1.

    The share of all pairs within a task, equal scores counting half, which is Mann-Whitney's U
    over N * K; the mean over tasks.

    Args:
        scores: [..., N, M].
        others: [..., K, M], of the same tasks.
    """
    ours, theirs = scores[..., :, np.newaxis, :], others[..., np.newaxis, :, :]
    wins = (ours > theirs) + 0.5 * (ours == theirs)
    return np.asarray(wins.mean(axis=(-3, -2, -1)))


def performance_profile(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """The share of scores above each of T thresholds, [..., T] (Dolan and More 2002)."""
    return np.asarray((scores[..., np.newaxis] > thresholds).mean(axis=(-3, -2)))


def resamples(
    scores: np.ndarray, generator: np.random.Generator, count: int = RESAMPLES
) -> np.ndarray:
    """`count` resamples with replacement, [count, N, M]: within each task its own runs."""
    chosen = generator.integers(scores.shape[0], size=(count, *scores.shape))
    return np.take_along_axis(scores[np.newaxis], chosen, axis=1)


def interval(statistics: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """Low and high, [2, ...], between which that share of statistics [R, ...] of resamples lies.

    The percentile interval of Efron 1979.
    """
    beyond = (1 - level) / 2
    return np.asarray(np.quantile(statistics, [beyond, 1 - beyond], axis=0))
