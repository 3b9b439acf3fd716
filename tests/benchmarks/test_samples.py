import pytest

from benchmarks.samples import median, percentile, ratios


def test_percentiles_lie_between_neighbours() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 50) == median([4.0, 1.0, 3.0, 2.0]) == 2.5
    assert percentile(list(range(101)), 99) == 99.0


def test_a_ratio_is_of_one_repetition() -> None:
    assert ratios([1.0, 6.0], [2.0, 3.0]) == [0.5, 2.0]


def test_repetitions_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])
