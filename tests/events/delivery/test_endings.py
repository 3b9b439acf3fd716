"""Whether a run is over: asked of the log, not too often, and never believed for long."""

from collections.abc import Sequence

import pytest

from faastraingym.events.delivery.endings import BELIEVED_SECONDS, REMEMBERED, Endings
from faastraingym.events.ports import Recorded, Unavailable
from faastraingym.schemas.messages import (
    RunCompleted,
    RunFailed,
    RunRemoved,
    RunResumed,
    StopRequested,
)
from tests.events import facts
from tests.fakes import InMemoryFactLog

FAILED = RunFailed(run="r", reason="it hangs")
RESUMED = RunResumed(run="r", manifest=facts.MANIFEST, segment=1, env_steps=100)


class Log(InMemoryFactLog):
    """Counts how often it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads, self.away = 0, False

    async def read(self, *subject_filters: str) -> list[Recorded]:
        self.reads += 1
        if self.away:
            raise Unavailable("away")
        return await super().read(*subject_filters)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("said", "over"),
    [
        ([], False),
        ([facts.REQUESTED, facts.STARTED, facts.updated(0)], False),
        ([StopRequested(run="r")], False),  # what it has is still to be evaluated
        ([FAILED], True),
        ([RunCompleted(run="r", reason="target", policy=facts.policy(1))], True),
        ([facts.dead()], True),  # it will fail
        ([facts.dead(), FAILED, RESUMED], False),
        ([FAILED, RESUMED, RunFailed(run="r", reason="again", segment=1)], True),
        ([FAILED, RESUMED, facts.dead()], True),
        ([RunFailed(run="another", reason="it hangs")], False),
        ([RunRemoved(run="r")], True),
        ([FAILED, RESUMED, RunRemoved(run="r")], True),  # by two who did not know of each other
        ([RunRemoved(run="another")], False),
    ],
)
async def test_a_run_is_over_when_its_newest_leg_is(said: Sequence, over: bool) -> None:
    log = Log()
    for fact in said:
        await log.publish_once(fact)
    assert await Endings(log).is_over("r") is over


@pytest.mark.parametrize("said", [[], [FAILED], [FAILED, RESUMED]])
async def test_only_of_a_removed_run_no_message_counts(said: Sequence) -> None:
    log = Log()
    for fact in said:
        await log.publish_once(fact)
    assert not await Endings(log, Clock()).is_removed("r")
    await log.publish_once(RunRemoved(run="r"))
    assert await Endings(log, Clock()).is_removed("r")


async def test_that_a_run_goes_on_is_believed_for_a_second() -> None:
    """That it is over is asked each time, for it may be resumed."""
    log, clock = Log(), Clock()
    endings = Endings(log, clock)
    for _ in range(3):
        assert not await endings.is_over("r")
    assert log.reads == 1
    await log.publish_once(FAILED)
    assert not await endings.is_over("r")
    clock.now += BELIEVED_SECONDS
    assert await endings.is_over("r")
    await log.publish_once(RESUMED)
    assert not await endings.is_over("r")


async def test_what_was_just_said_of_a_run_is_asked_for() -> None:
    log = Log()
    endings = Endings(log, Clock())
    assert not await endings.is_over("r")
    await log.publish_once(FAILED)
    endings.forget("r")
    endings.forget("never heard of")
    assert await endings.is_over("r")


async def test_a_log_that_is_away_ends_no_run() -> None:
    log = Log()
    log.away = True
    await log.publish_once(FAILED)
    assert not await Endings(log).is_over("r")


async def test_what_is_believed_is_bounded() -> None:
    log = Log()
    endings = Endings(log, Clock())
    for number in range(REMEMBERED + 5):
        assert not await endings.is_over(f"r{number}")
    assert len(endings._going_on) == REMEMBERED
