"""What a run came to."""

import msgspec

from faastraingym.events.views.scores import common_target, ended_at, reached, score, spent
from tests.events.views.compared import report, spec


def test_a_score_is_that_of_the_reported_policy_or_the_newest() -> None:
    whole = report("a", spec(), (1.0, 9.0, 4.0))
    assert score(whole) == 4.0
    going = msgspec.structs.replace(whole, evaluation=None, status="running")
    assert score(going) == 4.0
    assert score(msgspec.structs.replace(going, evaluations=[])) is None
    assert score(msgspec.structs.replace(whole, status="failed")) is None


def test_the_first_evaluation_that_is_good_enough_reached_the_target() -> None:
    whole = report("a", spec(), (1.0, 9.0, 4.0, 9.0))
    found = reached(whole, 9.0)
    assert found is not None
    assert found.env_steps == 200
    assert reached(whole, 9.1) is None
    assert reached(whole, None) is None
    assert reached(msgspec.structs.replace(whole, status="failed"), 9.0) is None


def test_a_run_that_ends_by_an_evaluation_ended_at_it() -> None:
    whole = report("a", spec(target=9.0), (1.0, 9.0), reason="target")
    assert [ended_at(whole, point) for point in whole.evaluations] == [False, True]
    spent_out = msgspec.structs.replace(whole, reason="budget")
    assert not ended_at(spent_out, spent_out.evaluations[-1])


def test_a_target_is_common_when_all_have_it() -> None:
    one, other = report("a", spec(target=9.0)), report("b", spec(target=8.0))
    assert common_target([one, one]) == 9.0
    assert common_target([one, other]) is None
    assert common_target([one, report("c", spec())]) is None


def test_all_functions_cost() -> None:
    found = spent(report("a", spec(), (1.0, 2.0), cost=8.5, seconds=12.0))
    assert (found.env_steps, found.seconds, found.gb_seconds) == (200, 12.0, 8.5)
