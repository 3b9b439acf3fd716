"""Which runs can be compared, and which are of one configuration."""

import pytest

from faastraingym.events.views.groups import best_of, grouped, refusal
from faastraingym.schemas.report import RunReport
from tests.events.views.compared import SPEC, report, spec

ACROBOT = {**SPEC, "environment": {"id": "Acrobot-v1"}}


def test_runs_are_grouped_by_everything_but_the_seed() -> None:
    found = grouped(
        [
            report("a", spec(1, gamma=0.9), (1.0,)),
            report("b", spec(1, gamma=0.8), (2.0,)),
            report("c", spec(2, gamma=0.9), (4.0,)),
        ]
    )
    assert [[run.run_id for run in group.reports] for group in found] == [["a", "c"], ["b"]]
    assert [group.settings for group in found] == [{"algorithm.gamma": g} for g in (0.9, 0.8)]
    assert found[0].scores.tolist() == [[1.0], [4.0]]


@pytest.mark.parametrize(
    ("reports", "words"),
    [
        ([report("a", spec(), (1.0,))], "needs two runs or more"),
        (
            [report("a", spec(), (1.0,)), report("b", ACROBOT, (1.0,))],
            "a is of CartPole-v1, b is of Acrobot-v1",
        ),
        (
            [report("a", spec(3), (1.0,)), report("b", spec(3), (1.0,))],
            "runs a and b have the same specification and seed",
        ),
        (
            [report("a", spec(1), status="failed", reason="boom"), report("b", spec(2))],
            r"none of these runs has an evaluation to compare \(a: failed boom; b: completed",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_reason(
    reports: list[RunReport], words: str
) -> None:
    with pytest.raises(AssertionError, match=words):
        assert not refusal(grouped(reports)), refusal(grouped(reports))


def test_others_are_compared() -> None:
    """One with an evaluation is enough; the rest is told beside it."""
    some = [report("a", spec(1), (1.0,)), report("b", spec(2), status="running")]
    assert refusal(grouped(some)) == ""


def test_the_best_is_whole_if_one_is() -> None:
    """A configuration of which one seed failed does not win by the seeds that are left."""
    whole = [report("a", spec(1), (3.0,)), report("b", spec(2), (5.0,))]
    rest = [
        report("c", spec(1, gamma=0.9), (9.0,)),
        report("d", spec(2, gamma=0.9), (9.0,), status="failed"),
    ]
    assert best_of(grouped([*whole, *rest])) == 0
    assert best_of(grouped([*rest, report("e", spec(1), (1.0,), status="failed")])) == 0


def test_of_equals_the_first_is_the_best() -> None:
    three = [report(f"r{g}", spec(gamma=g), (7.0,)) for g in (0.9, 0.8, 0.7)]
    assert best_of(grouped(three)) == 0
