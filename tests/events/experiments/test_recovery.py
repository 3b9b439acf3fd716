"""What is asked again of an experiment."""

from faastraingym.events.experiments import recovery
from faastraingym.schemas import messages as m
from tests.events.experiments.acting_out import NAME, Log, calm, report
from tests.events.experiments.test_plan import spec


def begun() -> Log:
    log = Log(spec())
    for _ in range(2):
        for fact in log.planned():
            log.publish(fact)
    return log


def test_it_is_planned_again_once_a_minute_while_it_is_quiet() -> None:
    found = begun().experiment
    assert recovery.overdue(found, found.last_at + 59.0) == []
    (first,) = recovery.overdue(found, 660.0)
    assert (first.function, first.message) == ("plan-experiment", found.started)
    assert recovery.overdue(found, 719.0) == [first]
    assert recovery.overdue(found, 720.0)[0].call_id != first.call_id


def test_one_that_never_started_is_asked_for_again() -> None:
    log = Log(spec())
    del log.records[1]
    (again,) = recovery.overdue(log.experiment, 1000.0)
    assert (again.function, type(again.message)) == ("start-run", m.ExperimentRequested)


def test_nothing_is_asked_after_its_end() -> None:
    found = calm(Log(spec()), lambda *_: 1.0).experiment
    assert recovery.overdue(found, 1e9) == []
    assert recovery.ended(NAME, found, {"x-0-5": False}) == []


def test_runs_that_ended_and_did_not_report_are_named() -> None:
    log = begun()
    log.publish(report(0, 5))
    known = {"x-0-5": False, "x-0-6": False, "x-1-5": True}
    assert recovery.ended(NAME, log.experiment, known) == ["x-0-6"]
