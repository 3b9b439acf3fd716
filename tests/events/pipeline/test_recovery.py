"""Reconciling: what is missing is issued again, what is there never is."""

from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.pipeline import recovery
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.pipeline.history import History
from faastraingym.schemas.messages import (
    CollectRollout,
    EvaluatePolicy,
    Message,
    RunCompleted,
    RunFailed,
    RunRemoved,
    RunStalled,
)
from faastraingym.schemas.specification import RunSpec
from tests.events import facts
from tests.events.facts import collected, evaluated, history, ready, specification, updated

SPEC = specification()  # 2 rollouts per version, version 3 is the last, the deadline is 10 s


def overdue(said: History, spec: RunSpec | None = SPEC, late: float = 15.0) -> list[Invocation]:
    """What is issued again some seconds after the last fact."""
    again = recovery.overdue(said, spec, said.last_at + late)
    return [item for item in again if isinstance(item, Invocation)]


def missing(*said: Message, late: float = 15.0) -> list[tuple[str, Message]]:
    """The same of a run that was requested, as functions and messages."""
    so_far = history(facts.REQUESTED, *said)
    return [(item.function, item.message) for item in overdue(so_far, late=late)]


def slots(*said: Message) -> list[int]:
    """The slots that are collected again."""
    return [m.index for _, m in missing(*said) if isinstance(m, CollectRollout)]


def test_nothing_is_overdue_of_a_run_that_was_removed() -> None:
    said = [facts.REQUESTED, facts.STARTED, updated(0)]
    assert overdue(history(*said)) != []
    assert overdue(history(*said, RunRemoved(run=facts.RUN))) == []


def test_nothing_is_overdue_before_the_deadline() -> None:
    assert missing(facts.STARTED, updated(0), late=9.9) == []


def test_version_0_is_asked_for_again() -> None:
    assert missing(facts.STARTED) == [("update-policy", facts.STARTED)]


def test_missing_rollouts_are_asked_for_again() -> None:
    assert slots(facts.STARTED, updated(0)) == [0, 1]
    assert slots(facts.STARTED, updated(0), collected(0, 1)) == [0]


def test_a_rollout_that_is_asked_for_again_goes_on_where_it_would_have() -> None:
    said = [updated(0), collected(0, 0), collected(0, 1), ready(0), updated(1)]
    assert [message for _, message in missing(*said)] == [
        CollectRollout(
            run=facts.RUN,
            manifest=facts.MANIFEST,
            policy=facts.policy(1),
            index=index,
            previous=facts.trajectory(0, index),
        )
        for index in (0, 1)
    ]


def test_a_slot_that_was_not_in_the_batch_starts_afresh() -> None:
    said = [updated(0), ready(0, indices=[1]), updated(1)]
    previous = [m.previous for _, m in missing(*said) if isinstance(m, CollectRollout)]
    assert previous == [None, facts.trajectory(0, 1)]


def test_a_reached_threshold_is_told_again() -> None:
    said = [updated(0), collected(0, 1), collected(0, 0)]
    assert missing(*said) == [("aggregate-rewards", collected(0, 1))]


def test_rewards_without_an_update_are_told_again() -> None:
    said = [updated(0), collected(0, 0), collected(0, 1), ready(0)]
    assert missing(*said) == [("plan-update", ready(0))]


def test_missing_evaluations_of_every_version_are_asked_for_again() -> None:
    said = [updated(0, evaluate=True), updated(1, evaluate=True), evaluated(0, 1.0)]
    asked = [m.policy.version for _, m in missing(*said) if isinstance(m, EvaluatePolicy)]
    assert asked == [1]


DIVIDED = specification(evaluation={"pieces": 3})


def pieces(*said: Message) -> list[int | None]:
    """The pieces that are played again of a run whose evaluations have three."""
    again = overdue(history(facts.REQUESTED, facts.STARTED, *said), DIVIDED)
    return [item.message.piece for item in again if isinstance(item.message, EvaluatePolicy)]


def test_of_an_evaluation_the_missing_pieces_alone_are_asked_for_again() -> None:
    """Whichever they are; once it is completed, none."""
    due = updated(1, evaluate=True)
    assert pieces(due) == [0, 1, 2]
    assert pieces(due, facts.piece(1, 1)) == [0, 2]
    assert pieces(due, facts.piece(1, 0), facts.piece(1, 2)) == [1]
    assert pieces(due, facts.piece(1, 1), evaluated(1, 1.0)) == []
    other = updated(2, evaluate=True)
    assert pieces(due, evaluated(1, 1.0), other, facts.piece(2, 0), facts.piece(1, 1)) == [1, 2]


def test_pieces_that_nobody_merged_are_told_again() -> None:
    """The last of them, which whoever counts hears with all others said."""
    last = updated(3, rollouts=0, evaluate=True)
    said = [facts.REQUESTED, last, *(facts.piece(3, k) for k in (2, 0, 1))]
    again = overdue(history(*said), DIVIDED)
    assert [(i.function, i.message) for i in again] == [("aggregate-rewards", facts.piece(3, 2))]


def test_a_stall_names_the_pieces_that_it_waits_for() -> None:
    said = [facts.REQUESTED, updated(3, rollouts=0, evaluate=True), facts.piece(3, 0)]
    stall, *_ = recovery.overdue(history(*said), DIVIDED, 1e9)
    assert isinstance(stall, RunStalled)
    assert stall.waiting_for == [f"piece {k} of the evaluation of version 3" for k in (1, 2)]


def test_after_the_last_version_only_its_evaluation_is_waited_for() -> None:
    last = updated(3, rollouts=0, evaluate=True)
    assert [function for function, _ in missing(last)] == ["evaluate"]
    assert missing(last, evaluated(3, 1.0)) == [("conclude-run", evaluated(3, 1.0))]


def test_a_stop_request_and_a_dead_letter_are_told_again_and_nothing_else() -> None:
    said = [updated(0, evaluate=True)]
    assert missing(*said, facts.STOP) == [("conclude-run", facts.STOP)]
    assert missing(*said, facts.dead()) == [("conclude-run", facts.dead())]


def test_an_ended_run_is_owed_its_report_and_nothing_else() -> None:
    end = RunCompleted(run=facts.RUN, reason="budget", policy=facts.policy(0))
    assert missing(facts.STARTED, updated(0), end) == [("conclude-run", end)]
    assert missing(facts.STARTED, updated(0), end, facts.REPORTED) == []


def test_a_request_that_nobody_answered_is_told_again() -> None:
    (again,) = overdue(history(facts.REQUESTED), None, 1e9)
    assert (again.function, again.message) == ("start-run", facts.REQUESTED)


def test_every_stall_and_every_leg_has_its_own_attempt_and_call_id() -> None:
    """Or the queue would take what is issued on purpose for what came twice."""
    said = [facts.REQUESTED, facts.STARTED]
    stalled = [*said, facts.stalled(0)]
    resumed = [*stalled, facts.resumed(1)]
    first, same = (overdue(history(*said))[0] for _ in range(2))
    at_once = recovery.missing(history(*resumed), SPEC)[0]
    later = overdue(history(*resumed))[0]
    assert first.call_id == same.call_id
    issued = [Invocation("update-policy", facts.STARTED), first, at_once, later]
    assert [item.attempt for item in issued] == [0, 1, 2, 3]
    assert len({item.call_id for item in issued}) == 4


def test_a_stall_is_a_fact_that_says_what_the_run_waits_for() -> None:
    """The next deadline counts from it."""
    said = [facts.REQUESTED, facts.STARTED, updated(0, evaluate=True), collected(0, 0)]
    first, *_ = recovery.overdue(history(*said), SPEC, 1013.0)
    waiting_for = ["evaluation of version 0", "rollout 1 of version 0"]
    assert first == RunStalled(run=facts.RUN, number=0, waiting_for=waiting_for)
    assert recovery.overdue(history(*said, first), SPEC, 1013.9) == []


def test_a_run_that_makes_no_progress_fails_and_says_what_it_waited_for() -> None:
    """Ten deadlines in a row; one word from any stage in between, and it goes on."""
    said = [facts.REQUESTED, facts.STARTED, updated(0), collected(0, 0)]
    stalls = [facts.stalled(number) for number in range(recovery.MOST_STALLS)]
    (end,) = recovery.overdue(history(*said, *stalls), SPEC, 1e9)
    assert isinstance(end, RunFailed)
    assert "no progress: issued again 10 times and never answered: rollout 1 of" in end.reason
    moving = [*said, *stalls[:-1], collected(0, 1), stalls[-1]]
    assert missing(*moving[1:], late=21.0) == [("aggregate-rewards", collected(0, 1))]


def test_what_is_slow_has_longer_and_longer() -> None:
    """What was lost is issued again soon; what is in hand is not given up within hours."""
    said: list[Message] = [facts.REQUESTED, facts.STARTED, updated(0)]
    deadlines = []
    for number in range(recovery.MOST_STALLS + 1):
        so_far, late = history(*said), 0
        while not recovery.overdue(so_far, SPEC, so_far.last_at + late):
            late += 1
        deadlines.append(late)
        said.append(facts.stalled(number))
    assert deadlines == [10, 20, 40, 80, 80, 80, 80, 80, 80, 80, 80]
    assert sum(deadlines) / 10 * 150 / 3600 > 2.5  # hours, with the default deadline


def test_after_a_word_the_deadline_is_the_short_one_again() -> None:
    stalls = [facts.stalled(number) for number in range(3)]
    assert missing(facts.STARTED, updated(0), *stalls, late=79.0) == []
    assert slots(facts.STARTED, updated(0), *stalls, collected(0, 0)) == [1]


def test_a_resumed_run_collects_what_its_last_version_did_not_promise() -> None:
    """The slots go on where they stopped, as if the run had never ended."""
    ended = [ready(2), updated(3, rollouts=0, evaluate=True), evaluated(3, 1.0)]
    end = RunCompleted(run=facts.RUN, reason="budget", policy=facts.policy(3))
    asked = [m for _, m in missing(*ended, end, facts.REPORTED, facts.resumed(1))]
    assert [(m.index, m.previous) for m in asked if isinstance(m, CollectRollout)] == [
        (0, facts.trajectory(2, 0)),
        (1, facts.trajectory(2, 1)),
    ]
    assert len(asked) == 2


def test_where_the_log_has_a_gap_the_work_begins_before_it() -> None:
    """Never afresh: how version 2's slots go on is said by rewards that were lost."""
    said = [updated(0), ready(0), updated(1), updated(2)]
    assert slots(*said) == [0, 1]
    assert {m.policy.version for _, m in missing(*said)} == {1}
    assert missing(*said, collected(1, 0), collected(1, 1)) == [
        ("aggregate-rewards", collected(1, 1))
    ]
    assert missing(ready(0), updated(2), ready(1))[0][0] == "rollout"
    assert missing(updated(0), ready(0), updated(2)) == [("plan-update", ready(0))]
    assert missing(facts.STARTED, updated(1)) == [("update-policy", facts.STARTED)]


def test_a_gap_that_the_run_left_behind_is_filled_first() -> None:
    """Deliveries that were under way said what follows it, and the run went on from there."""
    whole = [m for v in range(2) for m in (updated(v), collected(v, 0), collected(v, 1), ready(v))]
    lost_policy = [m for m in whole if m != updated(1)]
    assert missing(facts.STARTED, *lost_policy, updated(2)) == [("plan-update", ready(0))]
    lost_rewards = [m for m in whole if m != ready(1)]
    filling = [("aggregate-rewards", collected(1, 1))]
    assert missing(facts.STARTED, *lost_rewards, updated(2)) == filling
    lost_rollouts = [m for m in whole if m not in (collected(1, 0), collected(1, 1), ready(1))]
    told = missing(facts.STARTED, *lost_rollouts, updated(2))
    assert [(m.policy.version, m.index) for _, m in told] == [(1, 0), (1, 1)]


def test_a_version_with_which_a_new_budget_ends_is_evaluated_whoever_planned_it() -> None:
    """It was planned when the budget was another: without this the run would wait for ever."""
    assert missing(updated(3)) == [
        (
            "evaluate",
            EvaluatePolicy(run=facts.RUN, manifest=facts.MANIFEST, policy=facts.policy(3)),
        )
    ]


ROUNDS = [
    facts.STARTED,
    *(
        fact
        for version in range(3)
        for fact in (
            updated(version, evaluate=True),
            collected(version, 0),
            collected(version, 1),
            ready(version),
        )
    ),
    updated(3, rollouts=0, evaluate=True),
    *(evaluated(version, 1.0) for version in range(4)),
]


@given(st.integers(1, len(ROUNDS)), st.permutations(range(4)), st.integers(0, 4))
def test_what_is_there_is_never_issued_again_and_something_always_is(
    length: int, order: list[int], evaluations: int
) -> None:
    """At any point of a run: no finished work again, and never nothing, or the run would stand."""
    said = ROUNDS[:length]
    known = {fact.policy.version for fact in said if hasattr(fact, "rollouts")}
    said = [*said, *(evaluated(v, 1.0) for v in order[:evaluations] if v in known)]
    so_far = history(facts.REQUESTED, *said)
    again = overdue(so_far, late=10.0)
    assert again
    assert len({item.call_id for item in again}) == len(again)
    for item in again:
        match item.message:
            case CollectRollout(policy=policy, index=index):
                assert index not in so_far.rollouts.get(policy.version, {})
                assert policy == so_far.latest.policy
            case EvaluatePolicy(policy=policy):
                assert policy.version not in so_far.evaluations


LAGGING = specification(rollout={"count": 2, "deadline_seconds": 10, "max_policy_lag": 1})
BEGUN = [facts.REQUESTED, facts.STARTED, updated(0), collected(0, 0), collected(0, 1), ready(0)]


def lagging(*said: Message) -> list[tuple[str, Message]]:
    """What a run with a policy lag waits for after its first rewards and `said`."""
    again = overdue(history(*BEGUN, *said), LAGGING)
    return [(item.function, item.message) for item in again]


def test_with_a_lag_the_version_before_acts_again() -> None:
    previous = [facts.trajectory(0, index) for index in (0, 1)]
    due = [("rollout", facts.rollout(1, i, previous[i], lag=1)) for i in (0, 1)]
    assert lagging(updated(1)) == due
    assert lagging(updated(1), collected(1, 0, lag=1)) == due[1:]
    both = [collected(1, index, lag=1) for index in (0, 1)]
    assert lagging(updated(1), *both) == [("aggregate-rewards", both[1])]


def test_with_a_lag_the_step_is_planned_again_from_version_and_rewards() -> None:
    """The planner sends the update and what runs beside it."""
    assert lagging() == [("plan-update", ready(0))]
    ahead = [collected(1, 0, lag=1), collected(1, 1, lag=1), ready(1, lag=1)]
    assert lagging(*ahead) == [("plan-update", ready(0))]
    assert lagging(*ahead, updated(1)) == [("plan-update", ready(1, lag=1))]


def test_with_a_lag_a_lost_version_is_made_again_before_what_needs_it() -> None:
    """Rewards do not name the version that learns from them."""
    assert lagging(ready(1, lag=1), updated(2)) == [("plan-update", ready(0))]
