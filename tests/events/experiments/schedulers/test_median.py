"""The median rule: a trial beside those that were at its rung before."""

import pytest

from faastraingym.events.experiments.decisions import Decision, Result
from faastraingym.events.experiments.schedulers import decide
from tests.events.experiments.specs import experiment

SPEC = experiment({"name": "median", "every": 100, "trials": 2}, budget=300)


def test_the_first_ones_are_compared_with_none() -> None:
    made = decide(SPEC, 9, [Result(0, 0, 1.0), Result(1, 0, -9.0)], [])
    reason = "is not compared: of the 2 trials that a median needs,"
    assert made == [
        Decision(0, 0, "continue", f"1 at 100 steps {reason} 0 came before"),
        Decision(1, 0, "continue", f"-9 at 100 steps {reason} 1 came before"),
    ]


@pytest.mark.parametrize(
    ("score", "verdict", "words"),
    [
        (1.4, "stop", "is below"),
        (1.5, "continue", "is not below"),
        (7.0, "continue", "is not below"),
    ],
)
def test_the_third_is_compared_with_the_median_of_two(
    score: float, verdict: str, words: str
) -> None:
    before = [Result(4, 0, 1.0), Result(2, 0, 2.0)]
    *_, made = decide(SPEC, 9, [*before, Result(7, 0, score)], [])
    why = f"{score:g} at 100 steps {words} 1.5, the median of the 2 that came before"
    assert made == Decision(7, 0, verdict, why)


def test_other_rungs_later_results_and_failures_do_not_count() -> None:
    elsewhere = [Result(0, 0, 9.0), Result(0, 1, 99.0), Result(1, 0, None), Result(2, 0, 5.0)]
    made = decide(SPEC, 9, [*elsewhere, Result(3, 0, 7.0), Result(4, 0, 100.0)], [])
    assert {each.trial: each.verdict for each in made if each.rung == 0} == {
        0: "continue",
        1: "stop",
        2: "continue",
        3: "continue",
        4: "continue",
    }
    assert "7, the median of the 2" in made[3].reason
    assert "7, the median of the 3" in made[4].reason
