"""Successive halving and Hyperband: who goes on, and in how many steps."""

import random

from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.experiments.decisions import Decision, Result
from faastraingym.events.experiments.rungs import rungs, survivors
from faastraingym.events.experiments.schedulers import decide
from tests.events.experiments.simulating import Experiment
from tests.events.experiments.specs import experiment

SPEC = experiment({"name": "halving", "first": 1, "factor": 3}, budget=9)
SCORES = [0.9, 0.1, 0.3, 0.2, 0.4, 0.8, 0.43, 0.95, 0.5]  # of trials 0 to 8
RUNG = [Result(trial, 0, score) for trial, score in enumerate(SCORES)]


def test_a_rung_is_decided_when_all_are_there() -> None:
    assert decide(SPEC, 9, RUNG[:8], []) == []
    made = decide(SPEC, 9, RUNG, [])
    assert [each.trial for each in made if each.verdict == "continue"] == [0, 5, 7]
    assert made[6] == Decision(6, 0, "stop", "0.43 is 5th of 9 at 1 steps; the best 3 go on")
    assert made[7] == Decision(7, 0, "continue", "0.95 is 1st of 9 at 1 steps; the best 3 go on")


def test_the_next_rung_has_those_that_went_on() -> None:
    first = decide(SPEC, 9, RUNG, [])
    later = [*RUNG, Result(7, 1, 1.0), Result(0, 1, 1.5)]
    assert decide(SPEC, 9, later, first) == []
    second = decide(SPEC, 9, [*later, Result(5, 1, None)], first)
    assert second == [
        Decision(0, 1, "continue", "1.5 is 1st of 3 at 3 steps; the best goes on"),
        Decision(5, 1, "stop", "it failed before 3 steps"),
        Decision(7, 1, "stop", "1 is 2nd of 3 at 3 steps; the best goes on"),
    ]
    last = decide(SPEC, 9, [*later, Result(5, 1, None), Result(0, 2, 2.5)], [*first, *second])
    reached = "9 steps are the whole budget; it reached 2.5"
    assert last == [Decision(0, 2, "stop", reached)]


def test_a_failed_trial_stops_at_once_and_is_one_of_the_worst() -> None:
    failed = [Result(trial, 0, None) for trial in range(7)]
    made = decide(SPEC, 9, failed[:1], [])
    assert made == [Decision(0, 0, "stop", "it failed before 1 steps")]
    rest = decide(SPEC, 9, [*failed, Result(7, 0, -1.0), Result(8, 0, -2.0)], made)
    assert [each.trial for each in rest if each.verdict == "continue"] == [7, 8]


def test_a_rung_of_failures_blocks_nothing() -> None:
    made = decide(SPEC, 2, [Result(0, 0, None), Result(1, 0, None)], [])
    assert [each.verdict for each in made] == ["stop", "stop"]


def test_whom_the_budget_stopped_nobody_waits_for() -> None:
    """A recorded decision counts: trials 0, 5 and 7 would have gone on."""
    first = [
        each._replace(verdict="stop") if each.trial == 5 else each
        for each in decide(SPEC, 9, RUNG, [])
    ]
    second = decide(SPEC, 9, [*RUNG, Result(7, 1, 1.0), Result(0, 1, 1.5)], first)
    assert [(each.trial, each.verdict) for each in second] == [(0, "continue"), (7, "stop")]


@given(
    trials=st.integers(1, 40),
    first=st.integers(1, 500),
    factor=st.integers(2, 5),
    budget=st.integers(1, 5_000),
    order=st.integers(0, 1_000),
)
def test_the_steps_are_what_the_arithmetic_says(
    trials: int, first: int, factor: int, budget: int, order: int
) -> None:
    spec = experiment({"name": "halving", "first": first, "factor": factor}, budget)
    told = Experiment(
        spec=spec,
        curve=lambda before, chosen, begin, end: chosen["score"],
        settings={trial: {"score": trial * 7 % 11} for trial in range(trials)},
        order=random.Random(order),
    ).run()
    expected, left, before = 0, trials, 0
    for steps in rungs(spec, 0):
        expected += left * (steps - before)
        left, before = survivors(left, factor), steps
    assert told.env_steps == expected


def test_each_bracket_of_hyperband_is_halved_for_itself() -> None:
    """Li et al. 2018, R = 81, eta = 3: a bracket's first rungs cost n_i (r_i - r_(i-1)) steps."""
    told = Experiment(
        spec=experiment({"name": "hyperband", "first": 1, "factor": 3}, budget=81),
        curve=lambda before, chosen, begin, end: chosen["score"],
        settings={trial: {"score": trial * 89 % 143} for trial in range(143)},
        order=random.Random(1),
    ).run()
    going_on = [each.trial for each in told.decisions if each.verdict == "continue"]
    assert len(going_on) == (27 + 9 + 3 + 1) + (11 + 3 + 1) + (5 + 1) + 2
    brackets = [
        81 * 1 + 27 * 2 + 9 * 6 + 3 * 18 + 1 * 54,
        34 * 3 + 11 * 6 + 3 * 18 + 1 * 54,
        15 * 9 + 5 * 18 + 1 * 54,
        8 * 27 + 2 * 54,
        5 * 81,
    ]
    assert brackets == [297, 276, 279, 324, 405]
    assert told.env_steps == sum(brackets) == 1581
    full = [
        each.trial for each in told.results if each.rung == len(rungs(told.spec, each.trial)) - 1
    ]
    assert len(full) == 1 + 1 + 1 + 2 + 5
