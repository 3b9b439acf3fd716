"""Running count, mean and squared deviations of observations.

Chan, Golub, LeVeque 1983, "Algorithms for Computing the Sample Variance".
"""

import numpy as np

from faastraingym.schemas.payloads import Statistics

EPSILON = 1e-8  # added to the variance, as VecNormalize of Stable-Baselines3 does


def empty(size: int) -> Statistics:
    """Statistics of nothing, for observations of `size` elements."""
    return Statistics(count=0.0, mean=np.zeros(size), m2=np.zeros(size))


def of_batch(batch: np.ndarray) -> Statistics:
    """Statistics of `batch`, [N, O]; N may be 0."""
    if not len(batch):
        return empty(batch.shape[1])
    wide = batch.astype(np.float64)
    mean = wide.mean(axis=0)
    wide -= mean  # in place: images are large
    np.square(wide, out=wide)
    return Statistics(count=float(len(wide)), mean=mean, m2=wide.sum(axis=0))


def merge(one: Statistics, other: Statistics) -> Statistics:
    """Statistics of both samples together."""
    count = one.count + other.count
    if not count:
        return one
    delta = other.mean - one.mean
    mean = one.mean + delta * (other.count / count)
    m2 = one.m2 + other.m2 + np.square(delta) * (one.count * other.count / count)
    return Statistics(count=count, mean=mean, m2=m2)


def moments(statistics: Statistics) -> tuple[np.ndarray, np.ndarray]:
    """Mean and 1 / standard deviation, both [O] float32; 0 and 1 before the first observation."""
    if not statistics.count:
        size = statistics.mean.shape
        return np.zeros(size, np.float32), np.ones(size, np.float32)
    variance = statistics.m2 / statistics.count
    scale = 1.0 / np.sqrt(variance + EPSILON)
    return statistics.mean.astype(np.float32), scale.astype(np.float32)


def scaled(
    observations: np.ndarray, by: tuple[np.ndarray, np.ndarray], numbers: np.ndarray | None
) -> np.ndarray:
    """Observations [B, O] float32 as networks read them, within -10 to 10.

    `by` are `moments`; only `numbers`, [O] bool, are scaled; None: all.
    """
    mean, scale = by
    x: np.ndarray = (observations - mean) * scale
    # two ufuncs: np.clip takes three times as long on arrays this small
    np.minimum(np.maximum(x, -10.0, out=x), 10.0, out=x)
    return x if numbers is None else np.where(numbers, x, observations)
