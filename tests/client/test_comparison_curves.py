"""Curves of compared runs, by hand."""

import numpy as np

from faastraingym.client.comparison_curves import MOST, learning, profile
from faastraingym.schemas.comparison import ComparedRun, Spending
from faastraingym.schemas.report import CurvePoint


def run(points: dict[int, float], score: float = 0.0) -> ComparedRun:
    """Evaluated at these steps, with these returns."""
    return ComparedRun(
        run_id="r",
        configuration=0,
        seed=0,
        status="completed",
        reason="budget",
        score=score,
        spent=Spending(env_steps=0, seconds=0.0, gb_seconds=0.0),
        to_target=None,
        sha256="",
        evaluations=[
            CurvePoint(version=v, env_steps=steps, return_mean=found)
            for v, (steps, found) in enumerate(points.items(), 1)
        ],
    )


def test_evaluations_of_one_round_are_averaged_where_the_last_of_them_was() -> None:
    found = learning([run({100: 1.0, 200: 3.0}), run({110: 2.0, 190: 5.0})])
    assert found.x.tolist() == [110, 200]
    assert found.y.tolist() == [1.5, 4.0]
    assert found.low is not None
    assert found.low.tolist() == [1.0, 3.0]  # of two runs, one alone is drawn often enough


def test_a_run_that_ended_keeps_its_last_evaluation() -> None:
    found = learning([run({100: 9.0}), run({100: 1.0, 200: 2.0, 300: 3.0})])
    assert found.x.tolist() == [100, 200, 300]
    assert found.y.tolist() == [5.0, 5.5, 6.0]


def test_it_begins_where_all_have_an_evaluation() -> None:
    """And nothing is taken from a later evaluation."""
    found = learning([run({50: 1.0, 100: 2.0, 400: 7.0}), run({300: 4.0})])
    assert found.x.tolist() == [300, 400]
    assert found.y.tolist() == [3.0, 5.5]


def test_one_run_has_no_interval_and_none_no_points() -> None:
    assert learning([run({100: 1.0})]).low is None
    assert learning([run({})]).x.tolist() == []


def test_long_curves_are_thinned_between_their_ends() -> None:
    found = learning([run({10 * i: float(i) for i in range(1, 1000)})])
    assert len(found.x) == MOST
    assert (found.x[0], found.x[-1]) == (10, 9990)


def test_a_profile_is_the_share_of_runs_above() -> None:
    runs = [run({}, score) for score in (1.0, 3.0)]
    found = profile(runs, np.array([0.0, 1.0, 2.0, 3.0]))
    assert found.y.tolist() == [1.0, 0.5, 0.5, 0.0]
    assert found.high is not None
    assert found.high.tolist() == [1.0, 1.0, 1.0, 0.0]
