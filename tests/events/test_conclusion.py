"""When a run ends: by target, budget, stop or failure, whatever the order of arrival."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.conclusion import conclude, first_to_reach, is_last
from schemas.messages import Message, RunCompleted, RunFailed
from tests.events import facts
from tests.events.facts import dead, evaluated, history, policy, specification, updated

SPEC = specification()  # the budget ends with version 3, the target is 475


def completed(reason: str, version: int) -> RunCompleted:
    return RunCompleted(run=facts.RUN, reason=reason, policy=policy(version))


def test_a_run_without_evaluations_goes_on() -> None:
    assert conclude(history(facts.STARTED, updated(0), updated(1, evaluate=True)), SPEC) is None


def test_the_first_version_that_reached_the_target_is_the_result() -> None:
    said = history(
        *(updated(version, evaluate=True) for version in range(3)),
        evaluated(0, 20.0),
        evaluated(1, 475.0),
        evaluated(2, 500.0),
    )
    assert conclude(said, SPEC) == completed("target", 1)


def test_a_version_that_reached_the_target_waits_for_earlier_evaluations() -> None:
    said = [*(updated(version, evaluate=True) for version in range(3)), evaluated(2, 500.0)]
    assert conclude(history(*said), SPEC) is None
    said += [evaluated(0, 20.0), evaluated(1, 480.0)]
    assert conclude(history(*said), SPEC) == completed("target", 1)


def test_versions_without_a_scheduled_evaluation_are_not_waited_for() -> None:
    said = history(updated(0), updated(1), updated(2, evaluate=True), evaluated(2, 475.0))
    assert conclude(said, SPEC) == completed("target", 2)


def test_the_budget_ends_the_run_with_the_last_version_once_all_is_evaluated() -> None:
    said = [updated(1, evaluate=True), updated(3, rollouts=0, evaluate=True), evaluated(3, 9.0)]
    assert conclude(history(*said), SPEC) is None
    assert conclude(history(*said, evaluated(1, 400.0)), SPEC) == completed("budget", 3)


def test_the_target_counts_when_the_last_version_reaches_it() -> None:
    said = history(updated(3, rollouts=0, evaluate=True), evaluated(3, 480.0))
    assert conclude(said, SPEC) == completed("target", 3)


def test_without_a_target_only_the_budget_ends_the_run() -> None:
    spec = specification(stop={"env_steps": 300})
    said = [updated(1, evaluate=True), evaluated(1, 1e9)]
    assert conclude(history(*said), spec) is None
    assert first_to_reach(None, history(*said)) is None


def test_a_stop_request_ends_the_run_with_the_newest_version() -> None:
    said = history(updated(0), updated(1), facts.STOP)
    assert conclude(said, SPEC) == completed("stopped", 1)


def test_a_stop_request_waits_for_the_first_version() -> None:
    assert conclude(history(facts.STARTED, facts.STOP), SPEC) is None


def test_a_dead_letter_fails_the_run_with_the_last_line_of_its_error() -> None:
    said = history(updated(1, evaluate=True), evaluated(1, 500.0), dead())
    assert conclude(said, SPEC) == RunFailed(
        run=facts.RUN,
        reason="rollout failed 5 time(s): ZeroDivisionError: zero",
        function="rollout",
        detail="Traceback\nZeroDivisionError: zero",
    )


def test_a_dead_letter_without_words_names_its_status() -> None:
    end = conclude(history(dead(error=" \n", status=504)), SPEC)
    assert isinstance(end, RunFailed)
    assert end.reason == "rollout failed 5 time(s): status 504"


@pytest.mark.parametrize(("version", "last"), [(0, False), (2, False), (3, True), (4, True)])
def test_the_budget_ends_with_the_version_that_learnt_from_all_of_it(
    version: int, last: bool
) -> None:
    assert is_last(updated(version), SPEC) is last


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Message], list[Message]]:
    """One whole run's evaluated versions, its facts in two orders that causes allow."""
    scheduled = [*draw(st.lists(st.booleans(), min_size=3, max_size=3)), True]
    means = [draw(st.sampled_from([0.0, 475.0, 500.0])) for _ in scheduled]
    policies = [updated(version, evaluate=due) for version, due in enumerate(scheduled)]
    evaluations = [evaluated(v, means[v]) for v, due in enumerate(scheduled) if due]

    def order() -> list[Message]:
        said: list[Message] = list(policies)
        for fact in draw(st.permutations(evaluations)):
            earliest = said.index(policies[fact.policy.version]) + 1
            said.insert(draw(st.integers(earliest, len(said))), fact)
        return said

    return order(), order()


@given(runs())
def test_the_end_does_not_depend_on_the_order_of_evaluations(
    orders: tuple[list[Message], list[Message]],
) -> None:
    ends = []
    for said in orders:
        after_each = [conclude(history(*said[: n + 1]), SPEC) for n in range(len(said))]
        ends.append(next(end for end in after_each if end is not None))
        assert {end for end in after_each if end is not None} == {ends[-1]}
    assert ends[0] == ends[1]
