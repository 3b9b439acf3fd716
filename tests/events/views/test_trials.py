"""Trials and decisions of an experiment, as its comparison tells them."""

from collections import Counter
from typing import Any

import pytest

from faastraingym.events.views import trials
from faastraingym.schemas import messages as m
from faastraingym.schemas.comparison import Perturbed
from tests.events.experiments.acting_out import NAME, Log, calm, finish

RATE = "algorithm.learning_rate"
STOP = {"env_steps": 300, "target": 475}
RUN = {"environment": {"id": "CartPole-v1"}, "algorithm": {"name": "ppo"}, "stop": STOP}
NONE: dict[str, int] = {}


def spec(scheduler: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Four trials of two seeds."""
    space = {RATE: {"kind": "log-uniform", "low": 1e-4, "high": 1e-1}}
    sampler = {"name": "random", "trials": 4}
    return {
        "run": RUN,
        "space": space,
        "seeds": [5, 6],
        "sampler": sampler,
        "scheduler": scheduler,
        **more,
    }


def score(trial: int, seed: int, rung: int) -> float:
    """Places differ by ten, seeds by one; members of a population get better."""
    return 10.0 * (trial % 4) + seed + 100.0 * rung


@pytest.fixture(scope="module")
def population() -> Log:
    """Trial 0 is the worst at both rungs, so that 4 and 8 take its place, copies of 3."""
    return calm(Log(spec({"name": "population", "every": 100, "resample": 0.0})), score)


def test_a_copy_tells_whose_and_what_was_perturbed(population: Log) -> None:
    found = trials.compared(NAME, population.experiment, {"x-4-5": 7})
    assert [(one.trial, one.parent, one.replaces, one.begun_at) for one in found] == [
        (0, None, None, 0),
        (1, None, None, 0),
        (2, None, None, 0),
        (3, None, None, 0),
        (4, 3, 0, 100),
        (8, 3, 4, 200),
    ]
    chosen = {
        fact.trial: fact.settings[RATE] for fact in population.said(m.TrialRequested).values()
    }
    assert found[4].perturbed == {RATE: Perturbed(parent=chosen[3], copy=chosen[4])}
    assert chosen[4] / chosen[3] in (pytest.approx(0.8), pytest.approx(1.25))
    assert found[4].configuration == 7
    assert found[5].configuration is None
    assert found[4].state == "stopped"
    assert found[5].state == "completed"


def test_scores_are_of_every_rung_and_run(population: Log) -> None:
    first, *_, last = trials.compared(NAME, population.experiment, NONE)
    assert [one.env_steps for one in first.scores] == [100]
    assert first.scores[0].runs == {"x-0-5": 5.0, "x-0-6": 6.0}
    assert first.scores[0].score == 5.5
    assert [one.env_steps for one in last.scores] == [300]


def test_decisions_are_in_the_order_of_the_log_with_their_reasons(population: Log) -> None:
    found = trials.decisions(NAME, population.experiment)
    facts = list(population.said(m.TrialDecided).values())
    assert [(one.trial, one.decision, one.reason) for one in found] == [
        (fact.trial, fact.decision, fact.reason) for fact in facts
    ]
    assert Counter(one.env_steps for one in found) == {100: 4, 200: 4, 300: 4}
    copied = [one for one in found if one.decision == "copy"]
    assert [(one.trial, one.parent, one.score) for one in copied] == [(0, 3, 5.5), (4, 3, 5.5)]


def test_a_copy_is_a_result_of_its_own(population: Log) -> None:
    """Though a factor and its inverse may lead back to its ancestor's settings."""
    found = trials.apart(NAME, population.experiment)
    assert found == {f"x-{n}-{seed}": f"x {n}" for n in (4, 8) for seed in (5, 6)}


def test_a_configuration_that_was_chosen_twice_is_two_trials() -> None:
    space = {RATE: {"kind": "choice", "values": [1e-3]}}
    log = calm(Log(spec({"name": "none"}, space=space)), score)
    assert set(trials.apart(NAME, log.experiment).values()) == {"x 1", "x 2", "x 3"}


def test_a_trials_runs_are_those_of_its_configuration_alone(population: Log) -> None:
    """With the whole budget, not with that up to the rung for which they were asked."""
    found = trials.specifications(population.experiment)
    assert found["x-4-6"]["stop"] == STOP
    assert found["x-4-6"]["seed"] == 6
    assert len(found) == 12


def test_a_failed_trial_tells_why_and_a_waiting_one_has_no_score() -> None:
    log = Log(spec({"name": "none"}, seeds=[5], at_once=2))
    for _ in range(2):
        for fact in log.planned():
            log.publish(fact)
    finish(log, log.runs[0], lambda *_: None)
    failed, running = trials.compared(NAME, log.experiment, NONE)
    assert (failed.state, failed.reason) == ("failed", "run x-0-5: it broke")
    assert [one.score for one in failed.scores] == [None]
    assert (running.state, running.scores) == ("running", [])


def test_an_experiment_that_has_not_started_has_none() -> None:
    log = Log(spec({"name": "none"}))
    del log.records[1]
    assert trials.compared(NAME, log.experiment, NONE) == []
    assert trials.decisions(NAME, log.experiment) == []
