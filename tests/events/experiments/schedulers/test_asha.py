"""Asynchronous successive halving: who goes on when."""

import random

from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.experiments.decisions import Decision, Result
from faastraingym.events.experiments.schedulers import decide
from tests.events.experiments.simulating import Experiment
from tests.events.experiments.specs import experiment

ASHA = {"name": "halving", "first": 1, "factor": 3, "asynchronous": True}
SPEC = experiment(ASHA, budget=9)


def results(scores: list[float], rung: int = 0) -> list[Result]:
    return [Result(trial, rung, score) for trial, score in enumerate(scores)]


def going_on(made: list[Decision]) -> list[int]:
    return [each.trial for each in made if each.verdict == "continue"]


def test_nine_configurations_by_algorithm_2() -> None:
    """Li et al. 2020: r = 1, R = 9, eta = 3, one worker.

    A third of those that are there is whole at three, six and nine results; then the best that has
    not gone on yet does.
    """
    told = Experiment(
        spec=SPEC,
        curve=lambda before, chosen, begin, end: chosen["score"],
        settings={n: {"score": s} for n, s in enumerate([5.0, 2, 3, 4, 1, 6, 0, 9, 7])},
        at_once=1,
    ).run()
    jobs = [(each.trial, each.rung) for each in told.results]
    assert jobs == [
        *((0, 0), (1, 0), (2, 0), (0, 1)),
        *((3, 0), (4, 0), (5, 0), (5, 1)),
        *((6, 0), (7, 0), (7, 1), (7, 2), (8, 0), (8, 1)),
    ]
    assert told.best() == (7, 9.0)
    assert told.env_steps == 9 * 1 + 4 * 2 + 1 * 6


def test_a_reason_has_the_numbers_of_the_moment() -> None:
    made = decide(SPEC, 9, results([0.9, 0.1, 0.3]), [])
    reason = "0.9 is 1st of 3 at 1 steps so far; the best goes on"
    assert made == [Decision(0, 0, "continue", reason)]


def test_who_was_among_the_best_goes_on_though_better_ones_come() -> None:
    """And nobody who was not in time is stopped before it is certain."""
    seen = results([0.5, 0.1, 0.3, 0.9, 0.8])
    assert going_on(decide(SPEC, 9, seen, [])) == [0, 3]
    # Of the nine at most the best three go on: 0.3 is 4th now, 0.1 is 5th.
    stopped = [each for each in decide(SPEC, 9, seen, []) if each.verdict == "stop"]
    reason = "0.3 is 4th of 5 at 1 steps; with 4 to come, at most the best 3 go on"
    assert stopped == [
        Decision(1, 0, "stop", reason.replace("0.3 is 4th", "0.1 is 5th")),
        Decision(2, 0, "stop", reason),
    ]


def test_a_rung_that_ends_with_fewer_than_the_factor_sends_its_best_on() -> None:
    """The paper's goes on with new configurations for ever; an experiment has an end."""
    made = decide(SPEC, 2, results([0.1, 0.2]), [])
    assert made == [
        Decision(0, 0, "stop", "0.1 is 2nd of 2 at 1 steps; the best goes on"),
        Decision(1, 0, "continue", "0.2 is 1st of 2 at 1 steps, and nobody else comes"),
    ]


def test_whom_the_budget_stopped_is_not_expected_at_the_next_rung() -> None:
    """Trials 0 and 1 are the best of six; 0 was stopped, so 1 is alone at rung 1."""
    here = results([9.0, 8.0, 1.0, 1.0, 1.0, 1.0])
    first = [
        each._replace(verdict="stop") if each.trial == 0 else each
        for each in decide(SPEC, 6, here, [])
    ]
    assert going_on(first) == [1]
    alone = decide(SPEC, 6, [*here, Result(1, 1, 8.0)], first)
    reason = "8 is 1st of 1 at 3 steps, and nobody else comes"
    assert alone == [Decision(1, 1, "continue", reason)]


def test_who_would_wait_but_was_stopped_is_not_expected_either() -> None:
    """Trial 1 waits, for it may be among the best two of six; the log has that it was stopped."""
    stopped = Decision(1, 0, "stop", "the budget is used up")
    here = results([9.0, 8.0, 1.0])
    first = [*decide(SPEC, 3, here[:1], []), stopped]
    made = decide(SPEC, 3, here, first)
    later = decide(SPEC, 3, [*here, Result(0, 1, 9.5)], [*first, *made])
    assert later == [
        Decision(0, 1, "continue", "9.5 is 1st of 1 at 3 steps, and nobody else comes")
    ]


def test_nobody_goes_on_from_a_rung_of_failures() -> None:
    failed = [Result(trial, 0, None) for trial in range(3)]
    assert [each.verdict for each in decide(SPEC, 3, failed, [])] == ["stop"] * 3


@given(
    st.permutations(range(12)),
    st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=12, max_size=12),
    st.integers(2, 4),
)
def test_who_goes_on_is_who_was_ever_among_the_best(
    order: list[int], scores: list[int | None], factor: int
) -> None:
    """Each prefix ranked anew, as Algorithm 2 says it."""
    here = [Result(trial, 0, scores[trial]) for trial in order]
    expected = set()
    for count in range(1, 13):
        known = [each for each in here[:count] if each.score is not None]
        known.sort(key=lambda each: (-(each.score or 0), each.trial))
        expected |= {each.trial for each in known[: count // factor]}
    made = decide(experiment(ASHA | {"factor": factor}, 9), 12, here, [])
    assert set(going_on(made)) == expected


@given(st.integers(0, 1_000), st.integers(1, 12))
def test_somebody_has_the_whole_budget(seed: int, trials: int) -> None:
    chosen = random.Random(seed)
    told = Experiment(
        spec=SPEC,
        curve=lambda before, chosen, begin, end: before + chosen["gain"] * (end - begin),
        settings={trial: {"gain": chosen.random()} for trial in range(trials)},
        order=chosen,
    ).run()
    assert told.best()[1] > 0
