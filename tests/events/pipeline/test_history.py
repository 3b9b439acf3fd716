"""Folding a run's facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.ports import Recorded
from faastraingym.schemas.messages import RunCompleted, RunFailed
from tests.events import facts
from tests.events.facts import history

COMPLETED = RunCompleted(run=facts.RUN, reason="budget", policy=facts.policy(1))
FAILED = RunFailed(run=facts.RUN, reason="broken", function="rollout", detail="Traceback")


def test_no_facts_are_an_empty_history() -> None:
    assert fold([]) == History()
    assert fold([]).latest is None


def test_facts_are_kept_by_kind_and_identity() -> None:
    said = history(
        facts.REQUESTED,
        facts.STARTED,
        facts.updated(0),
        facts.collected(0, 1),
        facts.collected(0, 0),
        facts.ready(0),
        facts.updated(1),
        facts.evaluated(0, 9.0),
        facts.dead(),
        facts.STOP,
    )
    assert (said.requested, said.started, said.newest.stop) == (
        facts.REQUESTED,
        facts.STARTED,
        facts.STOP,
    )
    assert said.policies == {0: facts.updated(0), 1: facts.updated(1)}
    assert said.rollouts == {0: {0: facts.collected(0, 0), 1: facts.collected(0, 1)}}
    assert said.rewards == {0: facts.ready(0)}
    assert said.evaluations == {0: facts.evaluated(0, 9.0)}
    assert said.dead_letters == [facts.dead()]
    assert (said.first_at, said.last_at, said.newest.end_at) == (1000.0, 1009.0, 0.0)


def test_the_latest_version_is_the_highest_whenever_it_was_said() -> None:
    assert history(facts.updated(1), facts.updated(2), facts.updated(0)).latest == facts.updated(2)


def test_the_earlier_of_two_ends_is_the_end() -> None:
    first, second = history(COMPLETED, FAILED), history(FAILED, COMPLETED)
    assert (first.end, second.end) == (COMPLETED, FAILED)
    ends = (first.newest.end_at, second.newest.end_at, second.last_at)
    assert ends == (1000.0, 1000.0, 1001.0)


def test_a_resumed_run_has_neither_end_nor_report_nor_dead_letters_yet() -> None:
    """They are of the leg before; a late word about that one changes nothing."""
    said = [facts.STOP, facts.dead(), FAILED, facts.REPORTED, facts.resumed(1)]
    again = history(*said)
    assert (again.segment, again.resumed) == (1, facts.resumed(1))
    assert (again.newest.stop, again.end, again.newest.report, again.dead_letters) == (
        None,
        None,
        None,
        [],
    )
    late = history(*said, facts.STOP, COMPLETED)
    assert (late.segment, late.newest.stop, late.end) == (1, None, None)
    ended = history(*said, replace(COMPLETED, segment=1))
    assert ended.end == replace(COMPLETED, segment=1)


RESUMED = [facts.STARTED, FAILED, facts.REPORTED, facts.resumed(1)]  # at 1003


@pytest.mark.parametrize(
    ("queued_at", "counts"),
    [
        (1000.0, False),
        (1002.9, False),  # a moment before
        (1003.0, True),  # run.resumed itself, which nobody could make anything of
        (1003.1, True),
        (None, True),  # of a queue-worker that does not say it
    ],
)
def test_a_dead_letter_is_of_the_leg_in_which_its_message_was_queued(
    queued_at: float | None, counts: bool
) -> None:
    """A late one of the leg before is nothing to the new one, whose work is issued anew."""
    letter = facts.dead(queued_at=queued_at)
    assert history(*RESUMED, letter).dead_letters == ([letter] if counts else [])
    assert history(*RESUMED, facts.updated(1), letter).dead_letters == ([letter] if counts else [])
    assert history(*RESUMED[:2], letter).dead_letters == [letter]


def test_each_leg_has_its_own_late_dead_letters() -> None:
    """What was queued in the first leg or the second is late in the third."""
    again = [
        *RESUMED,
        replace(FAILED, segment=1),
        replace(facts.REPORTED, segment=1),
        facts.resumed(2),
    ]
    late = [facts.dead(queued_at=at) for at in (1001.0, 1004.5)]
    own = facts.dead(queued_at=1006.5)  # since 1006
    assert history(*again, *late, own).dead_letters == [own]


def test_stalls_are_counted_and_progress_forgives_them() -> None:
    said = [facts.STARTED, facts.stalled(0), facts.stalled(1)]
    assert (history(*said).stalls, history(*said).fruitless) == (2, 2)
    moving = history(*said, facts.updated(0), facts.stalled(2))
    assert (moving.stalls, moving.fruitless) == (3, 1)


def test_an_early_copy_is_counted_and_is_no_progress() -> None:
    """Its deadline counts from what was published before it, and a stall after it is in a row."""
    said = [facts.STARTED, facts.updated(0), facts.stalled(0)]
    late = facts.reissued(0, 1)
    before, after = history(*said), history(*said, late, facts.stalled(1))
    assert (after.reissued, after.fruitless) == (1, 2)
    assert history(*said, late).last_at == before.last_at


@given(st.permutations(range(6)))
def test_facts_of_different_identity_may_come_in_any_order(order: list[int]) -> None:
    said = [
        facts.updated(0),
        facts.collected(0, 0),
        facts.collected(0, 1),
        facts.ready(0),
        facts.updated(1),
        facts.evaluated(1, 3.0),
    ]
    shuffled = fold(Recorded(i, 5.0, said[place]) for i, place in enumerate(order))
    assert shuffled == fold(Recorded(i, 5.0, fact) for i, fact in enumerate(said))
