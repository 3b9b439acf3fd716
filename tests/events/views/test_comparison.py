"""Runs compared, by their reports."""

from collections.abc import Sequence

import jsonschema
import msgspec
import numpy as np
import pytest

from faastraingym.algorithms import comparison as statistics
from faastraingym.algorithms import registry
from faastraingym.events.views.comparison import SEED, Weighed, build
from faastraingym.events.views.groups import grouped
from faastraingym.schemas.comparison import ComparisonReport, Importance, Spending
from faastraingym.schemas.export import documents
from faastraingym.schemas.report import RunReport
from tests.events.views.compared import report, spec

GOOD = [report(f"g{s}", spec(s, 8.0, gamma=0.9), (1.0, 6.0 + s), cost=10.0) for s in (1, 2, 3)]
BAD = [report(f"b{s}", spec(s, 8.0, gamma=0.5), (1.0, 2.0 * s), cost=4.0) for s in (1, 2)]
TO_TARGET = {
    "g2": Spending(env_steps=200, seconds=20.0, gb_seconds=6.0),
    "g3": Spending(env_steps=100, seconds=10.0, gb_seconds=4.0),
}
SHARES = Importance(shares={"algorithm.gamma": 1.0}, method="told")


def compared(
    reports: Sequence[RunReport] = (*GOOD, *BAD), target: float | None = 8.0
) -> ComparisonReport:
    return build(grouped(reports), target, TO_TARGET if target else {}, lambda _: SHARES)


def test_a_configuration_has_the_statistics_of_its_runs() -> None:
    """Scores are 7, 8, 9 and 2, 4; the target is 8."""
    found = compared()
    good, bad = found.configurations
    assert found.best == 0
    assert [one.mean and one.mean.value for one in (good, bad)] == [8.0, 3.0]
    assert good.interquartile_mean is not None
    assert good.interquartile_mean.value == 8.0
    assert good.optimality_gap is not None
    assert good.optimality_gap.value == pytest.approx(1 / 3)
    assert good.improved_by_best is None
    assert bad.improved_by_best is not None
    assert bad.improved_by_best == msgspec.convert(
        {"value": 1.0, "low": 1.0, "high": 1.0}, type(bad.improved_by_best)
    )
    assert good.settings == {"algorithm.gamma": 0.9}
    assert found.settings == ["algorithm.gamma"]
    assert found.importance is SHARES


def test_its_interval_is_the_seeded_bootstrap() -> None:
    good = compared().configurations[0]
    scores = np.array([[7.0], [8.0], [9.0]])
    drawn = statistics.resamples(scores, np.random.default_rng([SEED, 0]))
    low, high = statistics.interval(statistics.mean(drawn))
    assert good.mean is not None
    assert (good.mean.low, good.mean.high) == (low, high)
    assert compared() == compared()


def test_costs_are_means_of_its_runs() -> None:
    good, bad = compared().configurations
    assert good.spent == Spending(env_steps=200, seconds=30.0, gb_seconds=10.0)
    assert (good.reached, bad.reached) == (2, 0)
    assert good.to_target == Spending(env_steps=150, seconds=15.0, gb_seconds=5.0)
    assert bad.to_target is None


def test_what_finds_important_settings_is_told_means() -> None:
    told: list[Weighed] = []

    def weigh(found: list[Weighed]) -> Importance:
        told.extend(found)
        return SHARES

    build(grouped([*GOOD, *BAD]), 8.0, {}, weigh)
    assert told == [({"algorithm.gamma": 0.9}, 8.0), ({"algorithm.gamma": 0.5}, 3.0)]


def test_one_run_has_no_interval() -> None:
    found = compared([GOOD[0], BAD[0]])
    assert [(c.mean and c.mean.low, c.mean and c.mean.high) for c in found.configurations] == [
        (None, None)
    ] * 2
    assert any("no interval" in remark for remark in found.remarks)


def test_a_run_without_a_score_is_told_and_left_out() -> None:
    broken = report("x", spec(9, 8.0, gamma=0.5), (50.0,), status="failed", reason="boom")
    found = compared([*GOOD, *BAD, broken])
    bad = found.configurations[1]
    assert (bad.scored, len(bad.runs)) == (2, 3)
    assert bad.mean is not None
    assert bad.mean.value == 3.0
    assert found.runs[-1].score is None
    assert any("x: failed boom" in remark for remark in found.remarks)


def test_a_configuration_without_any_score_stays_in_the_list() -> None:
    broken = report("x", spec(9, 8.0, gamma=0.1), status="failed", reason="boom")
    lost = compared([*GOOD, broken]).configurations[1]
    assert (lost.mean, lost.optimality_gap, lost.improved_by_best, lost.spent) == (None,) * 4


def test_runs_that_go_on_are_told() -> None:
    going = report("y", spec(9, 8.0, gamma=0.9), (5.0,), status="running", reason="")
    assert any("scores of now: y" in remark for remark in compared([*GOOD, going]).remarks)


def test_without_a_target_nothing_is_told_of_it() -> None:
    found = compared(target=None)
    assert {one.optimality_gap for one in found.configurations} == {None}
    assert any("--target" in remark for remark in found.remarks)


@pytest.mark.parametrize("target", [8.0, None])
def test_it_is_what_its_schema_says(target: float | None) -> None:
    schema = documents(registry.specification())["comparison"]
    found = msgspec.json.decode(msgspec.json.encode(compared(target=target)))
    jsonschema.Draft202012Validator(schema).validate(found)
