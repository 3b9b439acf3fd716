"""Experiments of which only the returns are made up, and the rows of what listed them."""

import msgspec
import pytest

from benchmarks import histories
from benchmarks.histories import Filled
from benchmarks.listing import GOAL, Took, rows, specification
from faastraingym.events.experiments import history as experiments
from faastraingym.events.pipeline import history as runs
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Recorded
from faastraingym.events.views import experiments as views
from faastraingym.schemas import messages as m
from faastraingym.schemas.report import RunReport


@pytest.fixture(scope="module")
def filled() -> Filled:
    return histories.ended("sweep", specification(0), "bucket")


def of(filled: Filled, run: str) -> list[Recorded]:
    said = [fact for fact in filled.facts if fact.run == run]
    return [Recorded(number, float(number), fact) for number, fact in enumerate(said, 1)]


def test_an_experiment_has_ended_with_all_its_runs(filled: Filled) -> None:
    """As many facts and measurements of each run as real ones have: ADR 66 counted 95 and 160.

    Some end by their target, and so earlier, as real ones do.
    """
    reasons = set()
    report = views.report("sweep", experiments.fold(of(filled, "sweep")), 99.0)
    assert (report.status, report.reason, report.failed) == ("completed", "trials", 0)
    assert [row.state for row in report.rows] == ["completed"] * 5
    names = [run for row in report.rows for run in row.runs]
    assert len(names) == 10
    for run in names:
        history = runs.fold(of(filled, run))
        assert history.end is not None
        reasons.add(history.end.reason)
        assert 50 < len(of(filled, run)) < 110
        assert 90 < len([one for one in filled.usage if one.run == run]) < 200
    assert reasons <= {"target", "budget"}
    assert len({subjects.of(fact) for fact in filled.facts}) == len(filled.facts)


def test_what_is_stored_is_what_facts_refer_to(filled: Filled) -> None:
    written = [fact for fact in filled.facts if isinstance(fact, m.ReportWritten)]
    assert len(written) == 10
    for fact in written:
        data = filled.objects[fact.report.key]
        assert len(data) == fact.report.size
        report = msgspec.json.decode(data, type=RunReport)
        assert (report.run_id, report.status) == (fact.run, "completed")


def test_each_command_has_its_wall_and_its_cpu_time() -> None:
    wall, cpu = rows({"runs": [Took(0.9, 0.4), Took(1.1, 0.5), Took(0.7, 0.3)]})
    assert (wall.what, wall.value, wall.goal, wall.met) == ("runs", 0.9, f"<= {GOAL:g}", True)
    assert (cpu.what, cpu.value, cpu.met) == ("runs: CPU", 0.4, None)
