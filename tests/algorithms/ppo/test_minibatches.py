import numpy as np
import pytest

from faastraingym.algorithms.ppo.learner import minibatches
from faastraingym.algorithms.ppo.specification import PPO


def shuffled(valid: np.ndarray, number: int, epochs: int) -> np.ndarray:
    settings = PPO(num_minibatches=number, update_epochs=epochs)
    return minibatches(settings, np.random.default_rng(3), valid)


@pytest.mark.parametrize("num_valid", [0, 2, 7, 12])
def test_valid_samples_are_divided_evenly(num_valid: int) -> None:
    """Every sample once an epoch; the numbers of valid ones differ by one at most."""
    valid = np.array([i in range(num_valid) for i in range(12)]).reshape(6, 2)
    for indices in shuffled(valid, 4, 5):
        assert sorted(indices.ravel()) == list(range(12))
        counts = valid.ravel()[indices].sum(axis=1)
        assert counts.sum() == num_valid
        assert np.ptp(counts) <= 1


def test_each_epoch_is_shuffled_anew() -> None:
    """And equal generators shuffle equally."""
    valid = np.ones((6, 2), np.bool_)
    first, second = shuffled(valid, 2, 2)
    assert not np.array_equal(first, second)
    again = shuffled(valid, 2, 2)
    assert np.array_equal(again, [first, second])


def test_a_number_that_cannot_be_divided_is_rounded_up() -> None:
    """By indices of the samples that `prepare` appends."""
    (indices,) = shuffled(np.ones((5, 2), np.bool_), 4, 1)
    assert sorted(indices.ravel()) == list(range(12))
    assert (indices < 10).sum(axis=1).tolist() == [3, 3, 2, 2]
