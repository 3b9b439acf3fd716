import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from faastraingym.algorithms import statistics

BATCHES = arrays.arrays(
    np.float32,
    st.tuples(st.integers(0, 9), st.just(2)),
    elements=st.floats(-1e3, 1e3, width=32),
)


@given(BATCHES, BATCHES)
def test_merging_equals_counting_together(one: np.ndarray, other: np.ndarray) -> None:
    """Statistics of two samples, merged, are those of both at once."""
    merged = statistics.merge(statistics.of_batch(one), statistics.of_batch(other))
    together = statistics.of_batch(np.concatenate([one, other]))
    assert merged.count == together.count
    np.testing.assert_allclose(merged.mean, together.mean, atol=1e-9, rtol=1e-9)
    np.testing.assert_allclose(merged.m2, together.m2, atol=1e-5, rtol=1e-9)


def test_worked_by_hand() -> None:
    """1, 2 and 6 have mean 3 and squared deviations 4 + 1 + 9."""
    found = statistics.of_batch(np.array([[1.0], [2.0], [6.0]], np.float32))
    assert (found.count, found.mean[0], found.m2[0]) == (3.0, 3.0, 14.0)


def test_nothing_seen_normalises_nothing() -> None:
    """Version 0 has no statistics yet: observations pass."""
    mean, scale = statistics.moments(statistics.empty(2))
    assert (mean.tolist(), scale.tolist()) == ([0.0, 0.0], [1.0, 1.0])


def test_normalised_sample_has_mean_0_and_deviation_1() -> None:
    """Normalising a sample by its own statistics standardises it."""
    sample = np.array([[1.0, -50.0], [3.0, 70.0], [8.0, 10.0]], np.float32)
    mean, scale = statistics.moments(statistics.of_batch(sample))
    scaled = (sample - mean) * scale
    np.testing.assert_allclose(scaled.mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1.0, atol=1e-6)
