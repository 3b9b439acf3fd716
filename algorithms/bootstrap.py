"""How sure a mean return is, by a bootstrap: the same returns give the same numbers.

Efron 1979, "Bootstrap methods: another look at the jackknife"; percentile intervals.
"""

import numpy as np

from faastraingym.algorithms import comparison

RESAMPLES = 10_000
AT_ONCE = 1 << 20  # numbers in memory


def means(returns: np.ndarray, seed: int) -> np.ndarray:
    """The means, [10_000] float64, of as many resamples with replacement of `returns`, [E]."""
    generator, count = np.random.default_rng(seed), len(returns)
    rows = max(1, AT_ONCE // count)
    found = [
        returns[generator.integers(0, count, (min(rows, RESAMPLES - done), count))].mean(axis=1)
        for done in range(0, RESAMPLES, rows)
    ]
    return np.concatenate(found)


def interval(returns: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of the mean of `returns`, [E]."""
    low, high = comparison.interval(means(returns, 0))
    return float(low), float(high)


def probability_higher(one: np.ndarray, other: np.ndarray) -> float:
    """How probable it is that the mean of `one`, [E], is higher than that of `other`, [F].

    A tie is not higher: of a policy that always reaches the most, none is better.
    """
    return float((means(one, 1) > means(other, 2)).mean())
