"""What holds of every scheduler, over whole experiments in any order, with failures."""

import math
import random
import zlib
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faastraingym.events.experiments.decisions import Result, place
from faastraingym.events.experiments.rungs import first_rung, rungs
from faastraingym.events.experiments.schedulers import RULES, decide
from faastraingym.schemas.experiment import AnyScheduler, Halving, Hyperband
from tests.events.experiments.simulating import Experiment
from tests.events.experiments.specs import (
    ASYNCHRONOUS,
    LEARNING_RATE,
    SYNCHRONOUS,
    experiment,
)


def noise(*of: int) -> float:
    """A number of [0, 10) that looks random; few different ones, so there are ties."""
    return zlib.crc32(repr(of).encode()) % 10


def simulated(
    scheduler: dict[str, Any],
    trials: int,
    world: int,
    order: int,
    failures: int,
    at_once: int,
    refusals: int = 0,
) -> Experiment:
    """An experiment whose scores and failures are those of `world`; results come by `order`."""

    def curve(before: float, chosen: dict[str, Any], begin: int, end: int) -> float:
        return before + noise(world, chosen[LEARNING_RATE], end) - 3

    return Experiment(
        spec=experiment(scheduler),
        curve=curve,
        settings={trial: {LEARNING_RATE: trial} for trial in range(trials)},
        at_once=at_once,
        order=random.Random(order),
        failing=lambda trial, rung: noise(world, trial, rung, -1) < failures,
        refused=lambda trial, rung: noise(world, trial, rung, -2) < refusals,
    ).run()


EXPERIMENTS = {
    "trials": st.integers(1, 14),
    "world": st.integers(0, 10_000),
    "order": st.integers(0, 10_000),
    "failures": st.sampled_from([0, 0, 1, 4, 10]),
    "at_once": st.integers(1, 15),
}
ALL = st.sampled_from([*SYNCHRONOUS, *ASYNCHRONOUS])


def test_every_scheduler_has_a_rule_and_is_tested_here() -> None:
    kinds = set(AnyScheduler.__args__)
    assert set(RULES) == kinds
    tested = {type(experiment(each).scheduler) for each in [*SYNCHRONOUS, *ASYNCHRONOUS]}
    assert tested == kinds


@given(scheduler=st.sampled_from(SYNCHRONOUS), other=st.integers(0, 10_000), **EXPERIMENTS)
def test_synchronous_decisions_do_not_depend_on_the_order_of_results(
    scheduler: dict[str, Any], other: int, order: int, at_once: int, **world: int
) -> None:
    """Nor on how many go on at one time: the reasons are the same, too."""
    one = simulated(scheduler, order=order, at_once=at_once, **world)
    another = simulated(scheduler, order=other, at_once=1, **world)
    assert set(one.decisions) == set(another.decisions)
    assert one.settings == another.settings


@given(scheduler=ALL, refusals=st.sampled_from([0, 3, 10]), **EXPERIMENTS)
@example(  # after the last result the budget refuses a trial: then nobody else comes to a rung
    scheduler={"name": "halving", "first": 100, "factor": 3, "asynchronous": True},
    refusals=3,
    trials=9,
    world=0,
    order=0,
    failures=0,
    at_once=1,
)
def test_each_result_leads_to_one_decision_and_every_trial_ends(
    scheduler: dict[str, Any], **world: int
) -> None:
    """Though the budget stops some that would go on, whom the others do not wait for."""
    told = simulated(scheduler, **world)
    assert Counter(map(place, told.results)) == Counter(map(place, told.decisions))
    assert set(Counter(map(place, told.results)).values()) == {1}
    for trial in told.settings:
        steps = rungs(told.spec, trial)
        *before, last = sorted(each for each in told.decisions if each.trial == trial)
        assert {each.verdict for each in before} <= {"continue"}
        assert last.verdict in ("stop", "copy")
        assert len(before) < len(steps)
        begun = min(each.rung for each in told.results if each.trial == trial)
        assert begun == first_rung(world["trials"], trial)


@given(scheduler=ALL, **EXPERIMENTS)
def test_a_replay_of_the_log_decides_the_same(scheduler: dict[str, Any], **world: int) -> None:
    """After each result what was recorded follows, and nothing follows twice."""
    told = simulated(scheduler, **world)
    total, decided = world["trials"], []
    for count, recorded in enumerate(told.decided_after, start=1):
        results = told.results[:count]
        assert decide(told.spec, total, results, decided) == recorded
        decided += recorded
        assert decide(told.spec, total, results, decided) == []


@given(scheduler=ALL, **EXPERIMENTS)
def test_who_saw_more_results_decides_no_differently(
    scheduler: dict[str, Any], **world: int
) -> None:
    """Of two that decide at once one may have read less of the log; a crash may have lost some."""
    told = simulated(scheduler, **world)
    at_once = decide(told.spec, world["trials"], told.results, [])
    assert {place(each): each.verdict for each in at_once} == told.verdicts()
    half = told.decisions[::2]
    rest = decide(told.spec, world["trials"], told.results, half)
    assert {place(each): each.verdict for each in [*half, *rest]} == told.verdicts()
    assert len(half) + len(rest) == len(told.decisions)


@given(scheduler=ALL, **EXPERIMENTS)
def test_a_failed_trial_never_goes_on(scheduler: dict[str, Any], **world: int) -> None:
    told = simulated(scheduler, **world)
    verdicts = told.verdicts()
    failed = {place(each) for each in told.results if each.score is None}
    assert all(verdicts[each] != "continue" for each in failed)
    assert {each.trial for each in told.decisions if "it failed" in each.reason} == {
        trial for trial, _ in failed
    }


@given(scheduler=st.sampled_from([each for each in SYNCHRONOUS if "factor" in each]), **EXPERIMENTS)
def test_of_a_rung_of_n_at_most_n_over_factor_go_on_rounded_up(
    scheduler: dict[str, Any], **world: int
) -> None:
    told = simulated(scheduler, **world)
    spec = told.spec.scheduler
    assert isinstance(spec, Halving | Hyperband)
    for steps in {rungs(told.spec, trial) for trial in told.settings}:
        trials = [trial for trial in told.settings if rungs(told.spec, trial) == steps]
        for rung in range(len(steps) - 1):
            here = [each for each in told.results if each.trial in trials and each.rung == rung]
            going_on = [told.verdicts()[place(each)] for each in here].count("continue")
            scored = sum(each.score is not None for each in here)
            assert min(scored, max(1, len(here) // spec.factor) if here else 0) == going_on
            assert going_on <= math.ceil(len(here) / spec.factor)


@given(scheduler=ALL, **EXPERIMENTS)
@settings(max_examples=30)
def test_recorded_decisions_are_never_revised(scheduler: dict[str, Any], **world: int) -> None:
    """Not even by a release that would decide otherwise, or in a log that was written again."""
    told = simulated(scheduler, **world)
    stopped = [each._replace(verdict="stop", parent=None) for each in told.decisions]
    assert decide(told.spec, world["trials"], told.results[::-1], stopped) == []


@pytest.mark.parametrize("scheduler", SYNCHRONOUS[1:4])
def test_of_equals_the_first_trials_go_on(scheduler: dict[str, Any]) -> None:
    told = Experiment(
        spec=experiment(scheduler),
        curve=lambda before, chosen, begin, end: 1.0,
        settings={trial: {} for trial in range(9)},
        order=random.Random(0),
    ).run()
    for steps in {rungs(told.spec, trial) for trial in range(9)}:
        trials = [trial for trial in range(9) if rungs(told.spec, trial) == steps]
        first = [told.verdicts()[trial, 0] for trial in trials]
        assert first == sorted(first)  # "continue" comes before "stop"


def test_a_mean_return_that_is_no_number_is_worse_than_all_that_are() -> None:
    spec = experiment({"name": "halving", "first": 100, "factor": 3})
    results = [Result(0, 0, math.nan), Result(1, 0, -5.0), Result(2, 0, None)]
    made = decide(spec, 3, results, [])
    assert [each.verdict for each in made] == ["stop", "continue", "stop"]
    assert made[0].reason == "-inf is 2nd of 3 at 100 steps; the best goes on"
