"""The decision about a delivery: settle, wait within bounds, or give up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.adapters.stage.restoring import BeingRestored
from faastraingym.events.delivery.answers import Meaning
from faastraingym.events.delivery.outcomes import (
    Answer,
    Failures,
    GiveUp,
    Retry,
    Settled,
    Tries,
    decide,
)
from faastraingym.events.topology.stack_file import RetryPolicy

POLICY = RetryPolicy(attempts=5, min_wait=1.0, max_wait=8.0)
jitters = st.floats(0, 1, exclude_max=True)
waits = st.floats(0.001, 1000)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_success_settles(status: int) -> None:
    assert decide(Answer(status), Tries(1), 1, POLICY, 0.0) == Settled()


@pytest.mark.parametrize("status", [300, 400, 401, 404, 409, 413, 501])
def test_what_cannot_get_better_is_buried_at_once(status: int) -> None:
    assert decide(Answer(status, b"why"), Tries(1), 1, POLICY, 0.0) == GiveUp("why")


@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_what_may_get_better_is_retried_until_the_last_attempt(status: int) -> None:
    outcomes = [decide(Answer(status), Tries(n), n, POLICY, 0.0) for n in range(1, 6)]
    assert all(isinstance(outcome, Retry) for outcome in outcomes[:4])
    assert outcomes[4] == GiveUp(f"status {status}")


@pytest.mark.parametrize("status", [429, 503])
def test_an_outage_is_waited_out_150_times_as_long(status: int) -> None:
    """A server that restarts must not cost a run; what nobody tried is not to blame."""
    outcomes = [decide(Answer(status), Tries(), n, POLICY, 0.0) for n in range(1, 751)]
    assert all(isinstance(outcome, Retry) for outcome in outcomes[:749])
    assert outcomes[749] == GiveUp(f"status {status}")


def test_waits_double_up_to_the_longest() -> None:
    policy = RetryPolicy(attempts=9, min_wait=1.0, max_wait=8.0)
    nearly_one = 1 - 1e-12
    waits = [decide(Answer(500), Tries(n), n, policy, nearly_one) for n in range(1, 7)]
    assert [round(outcome.delay, 6) for outcome in waits] == [1, 2, 4, 8, 8, 8]


def test_jitter_takes_off_up_to_half() -> None:
    assert decide(Answer(500), Tries(3), 3, POLICY, 0.0) == Retry(2.0)
    assert decide(Answer(500), Tries(3), 3, POLICY, 0.5) == Retry(3.0)


def test_a_function_that_says_when_to_come_back_is_believed() -> None:
    """However often it was asked before; jitter takes off up to half, as ever."""
    assert decide(Answer(503, retry_after=5.0), Tries(1), 1, POLICY, 1.0) == Retry(5.0)
    assert decide(Answer(503, retry_after=1.0), Tries(4), 4, POLICY, 1.0) == Retry(1.0)
    assert decide(Answer(503, retry_after=1.0), Tries(4), 4, POLICY, 0.0) == Retry(0.5)


@pytest.mark.parametrize(("missing", "minutes"), [(1, 9), (50, 9), (500, 94), (1500, 281)])
def test_how_long_a_stage_waits_for_lost_objects(missing: int, minutes: int) -> None:
    """docs/reliability.md says so; then its run fails with the stage's own words."""
    policy, waited, n = RetryPolicy(), 0.0, 1
    answer = Answer(503, b"lost", float(BeingRestored("lost", missing).again_after))
    while isinstance(outcome := decide(answer, Tries(), n, policy, 0.5), Retry):
        waited, n = waited + outcome.delay, n + 1
    assert (round(waited / 60), outcome) == (minutes, GiveUp("lost"))


@given(
    st.sampled_from([408, 429, 500, 503]),
    st.integers(1, 10**6),
    waits,
    waits,
    st.none() | st.floats(-1e9, 1e9),
    jitters,
)
def test_a_wait_is_never_longer_than_the_longest_nor_negative(
    status: int, attempt: int, low: float, high: float, retry_after: float | None, jitter: float
) -> None:
    policy = RetryPolicy(attempts=10**7, min_wait=min(low, high), max_wait=max(low, high))
    outcome = decide(Answer(status, b"", retry_after), Tries(attempt), attempt, policy, jitter)
    assert isinstance(outcome, Retry)
    assert policy.min_wait / 2 <= outcome.delay <= policy.max_wait


@given(st.integers(100, 599), st.integers(0, 80), st.integers(1, 80), jitters)
def test_nothing_is_retried_for_ever(
    status: int, tried: int, delivered: int, jitter: float
) -> None:
    outcome = decide(Answer(status), Tries(tried), delivered, POLICY, jitter)
    if tried >= POLICY.attempts or delivered >= POLICY.patience:
        assert not isinstance(outcome, Retry)


def test_a_long_or_binary_answer_is_cut_and_made_text() -> None:
    outcome = decide(Answer(400, b"x" * 10_000 + b"\xff"), Tries(1), 1, POLICY, 0.0)
    assert isinstance(outcome, GiveUp)
    assert outcome.error == "x" * 8191 + "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(("overtimes", "attempts"), [(1, 5), (1, 2), (1, 9)])
def test_work_that_is_too_long_is_tried_once_more(overtimes: int, attempts: int) -> None:
    """A busy machine is forgiven; the same seeds take as long the fifth time."""
    policy = RetryPolicy(attempts=attempts, min_wait=1.0, max_wait=8.0)
    assert isinstance(decide(Answer(504), Tries(1, 1), 1, policy, 0.0), Retry)
    assert decide(Answer(504), Tries(2, 2), 2, policy, 0.0) == GiveUp("status 504")
    assert decide(Answer(504), Tries(2, 2), 600, policy, 0.0) == GiveUp("status 504")


def test_where_one_attempt_is_all_overtime_is_no_exception() -> None:
    policy = RetryPolicy(attempts=1)
    assert decide(Answer(504), Tries(1, 1), 1, policy, 0.0) == GiveUp("status 504")


ADDED = st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(Meaning))


def test_only_failures_of_the_function_itself_are_counted() -> None:
    """An outage between two failures changes nothing, and costs no memory."""
    failures = Failures()
    told = (Meaning.UNTRIED, Meaning.FAILED, Meaning.UNTRIED, Meaning.DIED, Meaning.OVERTIME)
    counted = [failures.add("a", each) for each in told]
    assert counted == [Tries(), Tries(1), Tries(1), Tries(2), Tries(3, 1)]
    assert failures.add("b", Meaning.UNTRIED) == Tries()
    assert len(failures) == 1


def test_what_runs_overtime_after_others_of_its_run_is_not_granted_another_time() -> None:
    """They were as long; only what ends well in between says otherwise."""
    failures = Failures()
    assert failures.add("a", Meaning.OVERTIME) == Tries(1, 1)
    assert failures.add("b", Meaning.OVERTIME, again=True) == Tries(1, 2)
    assert failures.add("a", Meaning.OVERTIME, again=True) == Tries(2, 2)
    assert failures.add("c", Meaning.FAILED, again=True) == Tries(1, 0)


def test_what_is_settled_is_forgotten() -> None:
    failures = Failures()
    failures.add("a", Meaning.FAILED)
    failures.forget("a")
    failures.forget("never heard of")
    assert len(failures) == 0
    assert failures.add("a", Meaning.OVERTIME) == Tries(1, 1)


@given(st.lists(ADDED, max_size=100))
def test_failures_are_remembered_within_a_bound(answers: list[tuple[str, Meaning]]) -> None:
    """However many messages fail here and are settled elsewhere."""
    failures = Failures(most=3)
    for message_id, told in answers:
        assert failures.add(message_id, told).failed >= told.is_failure
        assert len(failures) <= 3
