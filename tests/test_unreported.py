"""A run whose report cannot be written ends all the same: as tests/test_loop.py, in process.

run.completed -> conclude-run fails, five times -> invocation.dead-lettered -> run.unreported
"""

import asyncio
import time
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from faastraingym.cli.exit_codes import ExitCode, of_run
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.pipeline.history import fold
from faastraingym.events.pipeline.recovery import MOST_STALLS
from faastraingym.events.ports import Recorded
from faastraingym.events.views import runs
from faastraingym.events.views.report import build
from faastraingym.functions.reconcile.handler import handle as reconcile
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    Message,
    ReportWritten,
    RunCompleted,
    RunFailed,
    RunStalled,
    RunUnreported,
    decode,
)
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.report import RunReport
from tests.events import facts
from tests.fakes import InMemoryObjectStore
from tests.test_lag import AN_HOUR, told
from tests.test_loop import SPEC, Platform, train

WORDS = "OSError: the picture's font is missing"


class Refusing(InMemoryObjectStore):
    """A store that takes everything but reports, until somebody mends it."""

    mended = False

    async def put(
        self, key: str, data: bytes, content_type: str = "application/msgpack"
    ) -> ObjectRef:
        if key == keys.report("demo") and not self.mended:
            raise OSError(WORDS.removeprefix("OSError: "))
        return await super().put(key, data, content_type)


class Giving(Platform):
    """What a function fails with is tried five times, then given up, and its run is told.

    A function that is `mute` fails with every message.
    """

    def __init__(self, mute: bool = False) -> None:
        super().__init__()
        self.objects = Refusing()
        self.services = self.services._replace(objects=self.objects, bucket=self.objects)
        self.mute = mute
        self.attempts = 0
        self.letters: list[bytes] = []

    async def answers(self, function: str, body: bytes) -> Sequence[Message | Invocation]:
        if self.mute and function == "conclude-run" and told(self).end:
            raise OSError(WORDS)
        return await super().answers(function, body)

    async def deliver(self, function: str, body: bytes) -> None:
        for _ in range(5):
            try:
                return await super().deliver(function, body)
            except OSError:
                self.attempts += 1
        if "invocation.dead-lettered" not in str(decode(body).__struct_config__.tag):
            self.letters.append(body)
            call_id = f"c{len(self.letters)}"
            letter = facts.dead(function, f"Traceback\n{WORDS}")
            await self.publish(replace(letter, run="demo", call_id=call_id))
        return None


async def ticks(platform: Giving, most: int) -> int:
    """How many hours `reconcile` has something to do."""
    for hour in range(most):
        platform.facts.log = [
            (s, Recorded(r.sequence, r.at - AN_HOUR, r.fact)) for s, r in platform.facts.log
        ]
        repairs = await reconcile.handler(None, platform.services)
        if not repairs:
            return hour
        for item in repairs:
            await platform.publish(item)
        await platform.run()
    return most


def report(platform: Platform) -> RunReport:
    return build("demo", told(platform), [], time.time())


def of_kind(platform: Platform, *kinds: type[Message]) -> list[Message]:
    return [r.fact for _, r in platform.facts.log if isinstance(r.fact, kinds)]


@pytest.fixture
def given_up() -> Giving:
    platform = Giving()
    asyncio.run(train(platform, SPEC))
    return platform


def test_it_is_given_up_with_a_dead_letter_and_said(given_up: Giving) -> None:
    """Both what was heard at the end and the words are there for a person."""
    (said,) = of_kind(given_up, RunUnreported)
    assert isinstance(said, RunUnreported)
    assert said.reason.startswith(f"its report cannot be written: {WORDS}; repair that, then")
    assert "`faastrain dead list --run demo`" in said.reason
    assert isinstance(decode(given_up.letters[0]), RunCompleted)
    assert of_kind(given_up, ReportWritten, RunFailed, RunStalled) == []


async def test_nobody_tries_it_again(given_up: Giving) -> None:
    """Nothing is overdue of it, and the clock may stop."""
    attempts = given_up.attempts
    assert await ticks(given_up, 3) == 0
    assert given_up.attempts == attempts
    assert not any((await runs.known_runs(given_up.facts)).values())


def test_it_is_told_as_failed_and_with_what_it_ended(given_up: Giving) -> None:
    """`show`, `follow`, `runs` and the gate read this; the exit code is 2."""
    found = report(given_up)
    assert (found.status, found.unreported) == ("failed", True)
    assert found.reason.startswith("budget; its report cannot be written: OSError")
    assert found.detail.endswith(WORDS)
    assert found.policy is not None
    assert of_run(found.status, found.reason, None) == ExitCode.RUN_FAILED


async def test_whoever_mends_the_cause_and_replays_the_letter_gets_the_report(
    given_up: Giving,
) -> None:
    given_up.objects.mended = True
    await given_up.deliver("conclude-run", given_up.letters[0])
    assert len(of_kind(given_up, ReportWritten)) == 1
    found = report(given_up)
    assert (found.status, found.reason, found.unreported) == ("completed", "budget", False)


async def test_a_function_that_cannot_even_say_so_is_asked_ten_times() -> None:
    """Then `reconcile` says it."""
    platform = await train(Giving(mute=True), SPEC)
    assert of_kind(platform, RunUnreported) == []
    assert await ticks(platform, 2 * MOST_STALLS) == MOST_STALLS + 1
    (said,) = of_kind(platform, RunUnreported)
    assert isinstance(said, RunUnreported)
    assert said.reason.startswith("its report cannot be written: issued again 10 times")
    assert "`faastrain logs conclude-run`" in said.reason
    assert report(platform).status == "failed"
    assert await ticks(platform, 3) == 0


def test_a_letter_from_before_the_end_does_not_count() -> None:
    """The function failed with an evaluation, and so the run; its report may well be written."""
    end = RunFailed(run=facts.RUN, reason="broken", function="conclude-run")
    before = facts.dead("conclude-run")
    late = facts.dead("conclude-run", queued_at=1000.5)
    of_end = facts.dead("conclude-run", queued_at=1002.0)
    said = [facts.REQUESTED, before, end]
    assert facts.history(*said).newest.given_up is None
    assert facts.history(*said, late).newest.given_up is None
    assert facts.history(*said, facts.dead("rollout")).newest.given_up is None
    assert facts.history(*said, of_end).newest.given_up == of_end
    again = facts.history(*said, of_end, facts.resumed(1))
    assert (again.newest.given_up, again.newest.over) == (None, False)


def test_the_next_leg_begins_as_ever() -> None:
    """A run that has no report may be resumed; its new leg owes one."""
    end = RunCompleted(run=facts.RUN, reason="budget", policy=facts.policy(1))
    said = [facts.REQUESTED, facts.STARTED, end, RunUnreported(run=facts.RUN, reason="broken")]
    assert facts.history(*said).newest.over
    assert not facts.history(*said, facts.resumed(1)).newest.over
    assert fold([]).newest.over is False
