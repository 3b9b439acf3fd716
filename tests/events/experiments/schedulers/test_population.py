"""Population-based training: who copies whom."""

import pytest

from faastraingym.events.experiments.decisions import Decision, Result
from faastraingym.events.experiments.rungs import first_rung, successor
from faastraingym.events.experiments.schedulers import decide
from tests.events.experiments.specs import experiment

QUARTER = {"name": "population", "every": 100}
SPEC = experiment(QUARTER, budget=300)  # a quarter copies


def rung(scores: list[float | None]) -> list[Result]:
    return [Result(trial, 0, score) for trial, score in enumerate(scores)]


EIGHT = rung([1.0, 8.0, 3.0, 4.0, 7.0, 2.0, 5.0, 6.0])


def test_the_worst_copy_the_best() -> None:
    assert decide(SPEC, 8, EIGHT[:7], []) == []
    made = decide(SPEC, 8, EIGHT, [])
    copies = [each for each in made if each.verdict == "copy"]
    assert [each.trial for each in copies] == [0, 5]
    assert all(each.parent in (1, 4) for each in copies)
    rule = "the worst 2 copy the best 2"
    assert made[1] == Decision(1, 0, "continue", f"8 is 1st of 8 at 100 steps; {rule}")
    parent = {1: "trial 1 with 8", 4: "trial 4 with 7"}[copies[0].parent or 0]
    assert made[0].reason == f"1 is 8th of 8 at 100 steps; {rule}, here {parent}"


def test_every_one_of_the_best_may_be_copied() -> None:
    """By the sampler's seed, the trial and the rung."""
    parents = set()
    for seed in range(10):
        sampler = {"name": "random", "trials": 8, "seed": seed}
        made = decide(experiment(QUARTER, 300, sampler=sampler), 8, EIGHT, [])
        parents |= {(each.trial, each.parent) for each in made if each.parent is not None}
    assert parents == {(0, 1), (0, 4), (5, 1), (5, 4)}


def test_a_copy_has_the_place_of_its_predecessor_from_the_next_rung_on() -> None:
    assert [successor(8, 5, 0), successor(8, 13, 1), successor(8, 5, 1)] == [13, 21, 21]
    assert [first_rung(8, trial) for trial in (0, 7, 13, 21)] == [0, 0, 1, 2]
    first = decide(SPEC, 8, EIGHT, [])
    others = [Result(trial, 1, float(trial)) for trial in (1, 2, 3, 4, 6, 7, 8)]
    assert decide(SPEC, 8, [*EIGHT, *others], first) == []
    second = decide(SPEC, 8, [*EIGHT, *others, Result(13, 1, 9.0)], first)
    assert [each.trial for each in second] == [1, 2, 3, 4, 6, 7, 8, 13]
    assert {each.trial for each in second if each.verdict == "copy"} == {1, 2}
    assert {each.parent for each in second} <= {None, 8, 13}


def test_a_member_that_the_budget_stopped_leaves_the_population() -> None:
    """A recorded decision counts: trial 3 would have gone on."""
    first = [
        each._replace(verdict="stop") if each.trial == 3 else each
        for each in decide(SPEC, 8, EIGHT, [])
    ]
    others = [Result(trial, 1, float(trial)) for trial in (1, 2, 4, 6, 7, 8, 13)]
    second = decide(SPEC, 8, [*EIGHT, *others], first)
    assert [each.trial for each in second] == [1, 2, 4, 6, 7, 8, 13]
    assert [each.trial for each in second if each.verdict == "copy"] == [1]  # a quarter of seven


@pytest.mark.parametrize(("quantile", "members", "copies"), [(0.29, 100, 29), (0.25, 7, 1)])
def test_a_share_is_rounded_down(quantile: float, members: int, copies: int) -> None:
    """Of what was written, not of the float: 0.29 times 100 is less than 29."""
    spec = experiment(QUARTER | {"quantile": quantile}, budget=300)
    made = decide(spec, members, rung([float(n) for n in range(members)]), [])
    assert [each.verdict for each in made].count("copy") == copies


def test_failed_members_are_replaced_however_many() -> None:
    made = decide(SPEC, 8, rung([None, 8.0, None, 4.0, None, None, None, None]), [])
    verdicts = {each.trial: each.verdict for each in made}
    assert verdicts == {0: "copy", 1: "continue", 2: "copy", 3: "continue"} | dict.fromkeys(
        [4, 5, 6, 7], "copy"
    )
    failed = "it failed before 100 steps; the worst 6 copy the best 2, here trial "
    assert made[0].reason in (f"{failed}1 with 8", f"{failed}3 with 4")


def test_a_population_without_a_score_ends() -> None:
    made = decide(SPEC, 3, rung([None, None, None]), [])
    assert [each.verdict for each in made] == ["stop"] * 3
    assert decide(SPEC, 3, rung([None, None, None]), made) == []


def test_at_the_whole_budget_nobody_copies() -> None:
    single = experiment(QUARTER, budget=100)
    assert [each.verdict for each in decide(single, 8, EIGHT, [])] == ["stop"] * 8


def test_small_populations() -> None:
    one, two = decide(SPEC, 1, rung([1.0]), []), decide(SPEC, 2, rung([1.0, 2.0]), [])
    assert one == [
        Decision(0, 0, "continue", "1 is 1st of 1 at 100 steps; nobody is there to be copied")
    ]
    rule = "the worst copies the best"
    assert two == [
        Decision(
            0, 0, "copy", f"1 is 2nd of 2 at 100 steps; {rule}, here trial 1 with 2", parent=1
        ),
        Decision(1, 0, "continue", f"2 is 1st of 2 at 100 steps; {rule}"),
    ]
