"""Plateaus: a trial beside its own earlier scores."""

import pytest

from faastraingym.events.experiments.decisions import Decision, Result
from faastraingym.events.experiments.schedulers import decide
from tests.events.experiments.specs import experiment


def along(scores: list[float], **settings: float) -> list[Decision]:
    spec = experiment({"name": "plateau", "every": 100, "patience": 2} | settings, budget=1_000)
    return decide(spec, 1, [Result(0, rung, score) for rung, score in enumerate(scores)], [])


@pytest.mark.parametrize(
    ("scores", "settings", "stops"),
    [
        ([1.0, 2.0, 3.0, 4.0], {}, False),
        ([1.0, 1.0], {}, False),
        ([1.0, 1.0, 1.0], {}, True),
        ([1.0, 0.0, 2.0, 0.0], {}, False),
        ([1.0, 0.0, 2.0, 0.0, 2.0], {}, True),
        ([1.0, 1.5, 2.0], {"min_delta": 1.0}, True),
        ([1.0, 1.5, 2.1], {"min_delta": 1.0}, False),
        ([1.0, 1.0, 1.0], {"patience": 3}, False),
        ([-5.0, -6.0], {"patience": 1}, True),
    ],
)
def test_a_trial_stops_after_some_rungs_without_a_better_score(
    scores: list[float], settings: dict[str, float], stops: bool
) -> None:
    made = along(scores, **settings)
    assert [each.verdict for each in made[:-1]] == ["continue"] * (len(scores) - 1)
    assert made[-1].verdict == ("stop" if stops else "continue")


def test_reasons() -> None:
    assert [each.reason for each in along([1.0, 0.5, 0.25])] == [
        "1 at 100 steps is the best so far",
        "0.5 at 200 steps is not better than 1 at 100, 1st rung of 2 without a better",
        "0.25 at 300 steps is not better than 1 at 100, 2nd rung of 2 without a better",
    ]
