import pytest

from benchmarks.scaling import WINDOW, Speed, of_length, of_replicas, of_size


def test_late_iterations_stand_beside_early_ones_of_the_same_run() -> None:
    warming = [9.0] * 10
    run = [*warming, *[0.02] * WINDOW, *[5.0] * 100, *[0.03] * WINDOW]
    early, late, ratio = of_length([run, run])
    assert (early.value, late.value) == (pytest.approx(20.0), pytest.approx(30.0))
    assert (ratio.value, ratio.met) == (pytest.approx(1.5), False)


def test_overhead_is_a_share_of_the_iteration() -> None:
    found = [Speed(steps=1000.0, iteration=20.0, overhead=0.5)]
    assert [row.value for row in of_replicas(2, found)] == [1000.0, 0.5]
    assert [row.value for row in of_size(128, found)] == [20.0, 10.0]
