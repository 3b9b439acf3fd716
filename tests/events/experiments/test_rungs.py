"""Where trials pause: the tables of the papers, literally."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.experiments.rungs import bracket, bracket_sizes, rungs, survivors
from tests.events.experiments.specs import experiment

HYPERBAND = {"name": "hyperband", "first": 1, "factor": 3}


@pytest.mark.parametrize(
    ("scheduler", "budget", "steps"),
    [
        ({"name": "none"}, 500, (500,)),
        ({"name": "halving", "first": 1, "factor": 3}, 81, (1, 3, 9, 27, 81)),
        ({"name": "halving", "first": 1, "factor": 3}, 9, (1, 3, 9)),
        ({"name": "halving", "first": 1_000, "factor": 4}, 50_000, (1_000, 4_000, 16_000, 50_000)),
        ({"name": "halving", "first": 500}, 500, (500,)),
        ({"name": "median", "every": 200}, 500, (200, 400, 500)),
        ({"name": "plateau", "every": 250}, 500, (250, 500)),
        ({"name": "population", "every": 125}, 500, (125, 250, 375, 500)),
        ({"name": "population", "every": 900}, 500, (500,)),
    ],
)
def test_the_last_rung_is_the_budget(
    scheduler: dict[str, Any], budget: int, steps: tuple[int, ...]
) -> None:
    assert rungs(experiment(scheduler, budget), 0) == steps


def test_the_brackets_of_hyperband_are_those_of_the_paper() -> None:
    """Li et al. 2018, R = 81 and eta = 3: n = 81, 34, 15, 8, 5 begin at r = 1, 3, 9, 27, 81."""
    assert bracket_sizes(5, 3) == (81, 34, 15, 8, 5)
    spec = experiment(HYPERBAND, budget=81)
    joined = Counter(rungs(spec, trial) for trial in range(143))
    assert joined == {
        (1, 3, 9, 27, 81): 81,
        (3, 9, 27, 81): 34,
        (9, 27, 81): 15,
        (27, 81): 8,
        (81,): 5,
    }


def test_and_so_are_the_trials_that_survive_in_each() -> None:
    """n_i = floor(n eta^-i); the paper's table of n_i by bracket."""
    table = {81: [81, 27, 9, 3, 1], 34: [34, 11, 3, 1], 15: [15, 5, 1], 8: [8, 2], 5: [5]}
    for trials, rows in table.items():
        left = [trials]
        while len(left) < len(rows):
            left.append(survivors(left[-1], 3))
        assert left == rows


def test_fewer_trials_are_divided_in_the_same_proportions() -> None:
    """Of 50: 30/81, 12/34, 5/15, 2/8 and 1/5 are all below 3/8, what the next one makes."""
    assert Counter(bracket(5, 3, trial) for trial in range(50)) == {0: 30, 1: 12, 2: 5, 3: 2, 4: 1}
    assert bracket_sizes(2, 3) == (3, 2)  # 1/3, 1/2, 2/3, 3/3, 2/2 full, and again
    assert [bracket(2, 3, trial) for trial in range(7)] == [0, 1, 0, 0, 1, 0, 1]


@given(st.integers(1, 6), st.integers(2, 5), st.integers(0, 300))
def test_a_trial_joins_the_bracket_that_it_leaves_least_full(
    count: int, factor: int, trial: int
) -> None:
    """By exact fractions, one trial after the other."""
    sizes = bracket_sizes(count, factor)
    before = Counter(bracket(count, factor, each) for each in range(trial))
    joined = bracket(count, factor, trial)
    for other, size in enumerate(sizes):
        mine, its = (before[joined] + 1) * size, (before[other] + 1) * sizes[joined]
        assert mine < its or (mine == its and joined <= other)


@pytest.mark.parametrize(
    ("trials", "factor", "left"), [(27, 3, 9), (8, 3, 2), (2, 3, 1), (1, 3, 1), (9, 2, 4)]
)
def test_one_survives_at_least(trials: int, factor: int, left: int) -> None:
    assert survivors(trials, factor) == left
