"""What evaluations found, as rows."""

import numpy as np
import pytest

from faastraingym.client.evaluation_rows import Measured, gb_seconds, rows, wall_seconds
from faastraingym.events.pipeline.history import fold
from faastraingym.events.views.report import build
from faastraingym.schemas.messages import RunRequested
from tests.client.facts import NOW, SPEC, records, usage


def measured(
    run: str, seed: int, *returns: float, env: str = "CartPole-v1", began: float = 0.0
) -> Measured:
    """A run that played so many episodes, each as long as its return, in 10 s."""
    spec = {**SPEC, "environment": {"id": env}, "seed": seed}
    history = fold(records(RunRequested(run=run, spec=spec)))
    report = build(run, history, [usage("evaluate", 4.0, False, run)], NOW)
    played = np.array(returns)
    return Measured(report, played, played.astype(np.int64), began, began + 10.0)


def test_a_run_is_a_row() -> None:
    (row,) = rows([measured("one", 7, 10.0, 20.0, 60.0)])
    assert (row.environment, row.seed, row.run_id) == ("CartPole-v1", 7, "one")
    assert (row.episodes, row.mean, row.min, row.max) == (3, 30.0, 10.0, 60.0)
    assert row.length_mean == 30.0
    assert 10.0 <= row.low < 30.0 < row.high <= 60.0


def test_an_interval_shrinks_with_the_root_of_the_episodes() -> None:
    """Of a normal return it is 1.96 of the mean's standard error at each side."""
    drawn = np.random.default_rng(1).normal(200.0, 50.0, 1000)
    (row,) = rows([measured("one", 0, *drawn)])
    error = drawn.std() / np.sqrt(1000)
    assert row.high - row.low == pytest.approx(2 * 1.96 * error, rel=0.05)
    assert row.mean == pytest.approx((row.low + row.high) / 2, abs=error / 5)


def test_seeds_of_an_environment_are_summed_up_and_environments_are_not() -> None:
    found = [
        measured("one", 0, 1.0, 3.0),
        measured("two", 1, 5.0, 7.0),
        measured("three", 0, 100.0, env="Acrobot-v1"),
    ]
    listed = list(rows(found))
    assert [(row.environment, row.seed, row.mean) for row in listed] == [
        ("CartPole-v1", 0, 2.0),
        ("CartPole-v1", 1, 6.0),
        ("CartPole-v1", None, 4.0),
        ("Acrobot-v1", 0, 100.0),
    ]
    assert (listed[2].run_id, listed[2].episodes) == ("", 4)
    assert listed[3].low == listed[3].high == 100.0  # one episode


def test_runs_beside_each_other_cost_both_and_last_once() -> None:
    found = [measured("one", 0, 1.0), measured("two", 1, 1.0, began=3.0)]
    assert gb_seconds(found) == 2 * 4.0 * 0.5
    assert wall_seconds(found) == 13.0
    assert wall_seconds([]) == gb_seconds([]) == 0.0
