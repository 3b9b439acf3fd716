"""What follows in an experiment: by literal logs, and in any order of arrival."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faastraingym.algorithms.experiments import sampling
from faastraingym.events.experiments.plan import state
from faastraingym.schemas import messages as m
from tests.events.experiments.acting_out import NAME, Log, calm, policy, report, rough

RUN = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "ppo"},
    "stop": {"env_steps": 900, "target": 475},
}


def spec(rates: int = 4, **more: Any) -> dict[str, Any]:
    """A grid of so many learning rates, with the seeds 5 and 6."""
    values = [1e-3 * (1 + number) for number in range(rates)]
    space = {"algorithm.learning_rate": {"kind": "choice", "values": values}}
    return {"run": RUN, "space": space, "seeds": [5, 6], "at_once": 3, **more}


HALVING = {"name": "halving", "first": 100, "factor": 3}


def score(trial: int, seed: int, rung: int) -> float:
    return 10.0 * (trial % 3) + seed + rung


def names(facts: Any) -> list[str]:
    return [fact.run for fact in facts if isinstance(fact, m.RunRequested)]


def test_an_experiment_begins_with_the_trials_that_there_is_room_for() -> None:
    log = Log(spec())
    first, second = log.planned()
    assert first == m.TrialRequested(
        run=NAME,
        trial=0,
        settings={"algorithm.learning_rate": 1e-3},
        origin={"sampler": "grid"},
        runs=["x-0-5", "x-0-6"],
    )
    assert second.runs == ["x-1-5", "x-1-6"]


def test_runs_follow_from_trials_in_the_log_alone_and_no_more_than_go_on_at_once() -> None:
    log = Log(spec())
    for fact in log.planned():
        log.publish(fact)
    planned = log.planned()
    assert names(planned) == ["x-0-5", "x-0-6", "x-1-5"]
    assert planned[0] == m.RunRequested(
        run="x-0-5",
        spec={**RUN, "algorithm": {"name": "ppo", "learning_rate": 1e-3}, "seed": 5},
        experiment=m.Membership(name=NAME, trial=0, seed=5),
    )
    log.publish(report(0, 6))
    assert names(log.planned()) == ["x-0-5", "x-1-5", "x-1-6"]


def test_a_run_with_rungs_anneals_as_one_that_does_not_pause_and_is_resumed_to_the_next() -> None:
    log = Log(spec(3, seeds=[5], scheduler=HALVING))
    for _ in range(2):
        for fact in log.planned():
            log.publish(fact)
    assert [fact.spec["stop"] for fact in log.runs] == [
        {"env_steps": 100, "target": 475, "horizon": 900}
    ] * 3
    for trial in range(3):
        log.publish(report(trial, 5, score=float(trial)))
    decided = log.planned()
    assert [(fact.trial, fact.decision) for fact in decided] == [
        (0, "stop"),
        (1, "stop"),
        (2, "continue"),
    ]
    for fact in decided:
        log.publish(fact)
    (resumed,) = log.planned()
    assert (resumed.run, resumed.segment, resumed.env_steps) == ("x-2-5", 1, 300)
    assert resumed.target == 475


def test_a_run_that_reached_its_target_needs_no_later_rung() -> None:
    log = Log(spec(1, scheduler={"name": "plateau", "every": 300}))
    for _ in range(2):
        for fact in log.planned():
            log.publish(fact)
    log.publish(report(0, 5, score=480.0, end="target"))
    log.publish(report(0, 6, score=20.0))
    for fact in log.planned():
        log.publish(fact)
    assert [fact.run for fact in log.planned()] == ["x-0-6"]
    log.publish(report(0, 6, 1, score=30.0))
    assert log.experiment.trials[0].results == {0: 250.0, 1: 255.0}


@pytest.mark.parametrize("scheduler", [{"name": "none"}, HALVING])
@given(seed=st.integers(0, 2**32))
def test_any_order_of_arrival_leads_to_the_same_facts(scheduler: Any, seed: int) -> None:
    wanted = spec(6, scheduler=scheduler)
    quiet = calm(Log(wanted), score)
    noisy = rough(Log(wanted), score, random.Random(seed))
    kinds = (m.TrialRequested, m.TrialReported, m.TrialDecided, m.ExperimentCompleted)
    assert noisy.said(*kinds) == quiet.said(*kinds)
    assert noisy.most <= 3
    assert (noisy.end.reason, noisy.end.trials) == ("trials", 6)


POPULATION = {"name": "population", "every": 300, "quantile": 0.25}


def test_the_worst_member_of_a_population_goes_on_from_a_copy_of_the_best() -> None:
    log = Log(spec(4, seeds=[5], at_once=4, scheduler=POPULATION))
    for _ in range(2):
        for fact in log.planned():
            log.publish(fact)
    for trial in range(4):
        log.publish(report(trial, 5, score=float(trial)))
    decided = [fact for fact in log.planned() if isinstance(fact, m.TrialDecided)]
    assert [(fact.decision, fact.parent) for fact in decided] == [
        ("copy", 3),
        ("continue", None),
        ("continue", None),
        ("continue", None),
    ]
    for fact in decided:
        log.publish(fact)
    *resumed, asked = log.planned()
    assert [fact.run for fact in resumed] == ["x-1-5", "x-2-5", "x-3-5"]
    assert (asked.trial, asked.parent, asked.runs) == (4, 3, ["x-4-5"])
    log.publish(asked)
    (copy,) = [fact for fact in log.planned() if isinstance(fact, m.RunRequested)]
    assert copy.copied == policy(3, 5, 0)
    assert copy.spec["stop"] == {"env_steps": 600, "target": 475, "horizon": 900}
    log.publish(report(4, 5, 0, score=9.0))
    assert log.experiment.trials[4].results == {1: 9.0}


@given(seed=st.integers(0, 2**32))
def test_a_population_is_the_same_in_any_order_of_arrival(seed: int) -> None:
    wanted = spec(6, at_once=5, scheduler=POPULATION)
    quiet = calm(Log(wanted), score)
    noisy = rough(Log(wanted), score, random.Random(seed))
    kinds = (m.TrialRequested, m.TrialReported, m.TrialDecided, m.ExperimentCompleted)
    assert noisy.said(*kinds) == quiet.said(*kinds)
    assert quiet.end.trials == 8  # a copy at each of two rungs
    assert noisy.most <= 5


@pytest.mark.parametrize("sampler", ["random", "tpe", "cmaes"])
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32))
def test_a_sampler_suggests_the_same_in_any_order_of_arrival(sampler: str, seed: int) -> None:
    space = {
        f"algorithm.{name}": {"kind": "uniform", "low": 0.1, "high": 0.9}
        for name in ("gamma", "gae_lambda")
    }
    startup = {"startup": 3} if sampler == "tpe" else {}
    wanted = spec(space=space, sampler={"name": sampler, "trials": 8, "seed": 1, **startup})
    quiet = calm(Log(wanted), score)
    noisy = rough(Log(wanted), score, random.Random(seed))
    assert noisy.said(m.TrialRequested) == quiet.said(m.TrialRequested)
    assert noisy.end == quiet.end
    first = quiet.said(m.TrialRequested)["ftg.trial.requested.x.0"]
    assert first.origin == {"sampler": sampler, **sampling.versions()}


@given(seed=st.integers(0, 2**32))
def test_asynchronous_halving_ends_in_any_order(seed: int) -> None:
    wanted = spec(9, seeds=[5], scheduler={**HALVING, "asynchronous": True})
    log = rough(Log(wanted), score, random.Random(seed))
    assert (log.end.reason, log.end.trials) == ("trials", 9)
    assert log.end.best.trial in {2, 5, 8}


def test_a_budget_of_runs_lets_only_whole_trials_begin() -> None:
    log = calm(Log(spec(4, budget={"runs": 5})), score)
    assert (log.end.reason, log.end.trials) == ("budget", 2)


def test_a_budget_of_steps_stops_a_trial_that_would_go_on() -> None:
    log = calm(Log(spec(3, seeds=[5], scheduler=HALVING, budget={"env_steps": 400})), score)
    last = log.said(m.TrialDecided)["ftg.trial.decided.x.2.0"]
    assert (last.decision, last.reason) == (
        "stop",
        "budget.env_steps: 300 of 400 environment steps are used, 200 more do not fit",
    )
    assert log.end.reason == "budget"


def test_of_equal_trials_the_first_is_the_best_and_none_without_a_score() -> None:
    assert calm(Log(spec(3)), lambda *_: 1.0).end.best.trial == 0
    assert calm(Log(spec(2)), lambda *_: None).end.best is None


def test_a_failed_trial_is_its_own_until_more_fail_than_may() -> None:
    def broken(trial: int, seed: int, rung: int) -> float | None:
        return None if trial < 2 and seed == 6 else 1.0

    log = calm(Log(spec(4, max_failed=2)), broken)
    assert (log.end.failed, log.end.best.trial) == (2, 2)
    log = calm(Log(spec(4, max_failed=1)), broken)
    assert log.end == m.ExperimentFailed(
        run=NAME,
        reason="failed trials: found 2; allowed: 1 (spec.max_failed); the last, trial 1: "
        "run x-1-6: it broke",
    )


def test_a_stop_request_asks_the_runs_that_go_on_and_no_others() -> None:
    log = Log(spec())
    for _ in range(2):
        for fact in log.planned():
            log.publish(fact)
    log.publish(m.ExperimentStopRequested(run=NAME))
    asked = [fact.run for fact in log.planned() if isinstance(fact, m.StopRequested)]
    assert asked == ["x-0-5", "x-0-6", "x-1-5"]
    for trial, seed in ((0, 5), (0, 6), (1, 5)):
        assert log.end is None
        log.publish(report(trial, seed, score=None, end="stopped"))
    (end,) = log.planned()
    assert (end.reason, end.failed, end.best) == ("stopped", 0, None)


def test_nothing_follows_an_end() -> None:
    log = calm(Log(spec()), score)
    assert log.planned() == []


def test_the_state_of_a_trial_is_told() -> None:
    log = Log(spec())
    for fact in log.planned():
        log.publish(fact)
    log.publish(report(0, 5))
    log.publish(report(0, 6, score=None))
    found = log.experiment
    assert found.spec is not None
    assert [state(found.spec, found, trial) for trial in (0, 1)] == ["failed", "running"]
