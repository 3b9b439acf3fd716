"""The queue-worker on an in-memory bus: a rollout that is late is issued a second time, once."""

import asyncio
import base64
from collections.abc import Iterator

import msgspec
import pytest
from msgspec import UNSET

from faastraingym.events.delivery import stragglers, worker
from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import AGAIN, CALL_ID, SIGNATURE, QueueRequest, Request
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.telemetry.tracing import HEADER
from faastraingym.events.topology.stack_file import Function
from faastraingym.schemas.messages import CollectRollout, RolloutReissued, encode
from tests.events import facts
from tests.events.delivery.bench import FAST, Bench, Replica, until, working

ROLLOUT = Function(name="rollout", max_replicas=4, timeout=120.0, retry=FAST)
OVERTIME = Answer(504, b"killed", seconds=120.0, headers={"x-ftg-replica": "overtime"})
TRACE = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
LATE = 2  # the slot that hangs


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(worker, "HEARTBEAT_SECONDS", 0.005)
    monkeypatch.setattr(stragglers, "LEAST_SECONDS", 0.02)
    return


class Hanging(Replica):
    """Holds the first request of one slot until `freed`; every other is answered at once."""

    def __init__(self, end: Answer) -> None:
        super().__init__()
        self.freed = asyncio.Event()
        self._end = end

    async def invoke(self, function: Function, request: Request) -> Answer:
        self.requests.append(request)
        if index(request) == LATE and AGAIN not in request.headers:
            await self.freed.wait()
            return self._end
        return Answer(200)


def index(request: Request) -> int:
    assert isinstance(request.message, CollectRollout)
    return request.message.index


def command(slot: int, factor: float | None = 2.0) -> CollectRollout:
    return CollectRollout(
        run="r",
        manifest=facts.MANIFEST,
        policy=facts.policy(0),
        index=slot,
        straggler_factor=UNSET if factor is None else factor,
    )


async def sent(bench: Bench, collect: CollectRollout) -> None:
    """As its stage queues it."""
    asked = Invocation("rollout", collect)
    header = {CALL_ID: [asked.call_id], SIGNATURE: ["signed rollout"], HEADER: [TRACE]}
    body = base64.b64encode(encode(collect)).decode()
    request = msgspec.json.encode(QueueRequest(function="rollout", body=body, header=header))
    await bench.bus.enqueue("rollout", request, asked.call_id, asked.work)


async def begun(bench: Bench, factor: float | None = 2.0) -> None:
    """A run that is known here, and a batch of which all but one rollout are done."""
    for slot in (0, 1, 3, LATE):
        await sent(bench, command(slot, factor))
        await until(lambda slot=slot: slot in map(index, bench.replica.requests))


async def test_a_late_rollout_is_issued_once_more_beside_the_first() -> None:
    """Its command again as work of its own, marked, under the trace of the first."""
    bench = Bench(Hanging(Answer(200)))
    async with working(bench, ROLLOUT):
        await begun(bench)
        await until(lambda: len(bench.replica.requests) == 5)
        await until(lambda: len(bench.acknowledged) == 4)  # the copy's too
        await asyncio.sleep(0.1)  # twenty heartbeats: it is late all the time
        assert len(bench.replica.requests) == 5
        bench.replica.freed.set()
        await until(lambda: len(bench.acknowledged) == 5)
    first, copy = bench.replica.requests[3:]
    assert copy.message == command(LATE, factor=None)
    assert first.call_id != copy.call_id
    assert (copy.headers[SIGNATURE], copy.named[HEADER]) == ("signed rollout", TRACE)
    (fact,) = [r.fact for r in await bench.facts.read(subjects.of_kind(RolloutReissued, "r", 0, 2))]
    assert isinstance(fact, RolloutReissued)
    assert (fact.version, fact.index, fact.seconds >= 0.02) == (0, LATE, True)
    assert fact.seconds >= 2.0 * fact.median_seconds


async def test_without_a_factor_nothing_is_issued_again() -> None:
    """As before: a specification that does not ask for it."""
    bench = Bench(Hanging(Answer(200)))
    async with working(bench, ROLLOUT):
        await begun(bench, factor=None)
        await asyncio.sleep(0.1)
        bench.replica.freed.set()
        await until(lambda: len(bench.acknowledged) == 4)
    assert len(bench.replica.requests) == 4
    assert bench.facts.log == []


async def test_what_another_worker_has_issued_again_is_not_issued_a_third_time() -> None:
    """The fact is there before the command, once."""
    bench = Bench(Hanging(Answer(200)))
    said = RolloutReissued(run="r", version=0, index=LATE, seconds=9.0, median_seconds=1.0)
    await bench.facts.publish_once(said)
    async with working(bench, ROLLOUT):
        await begun(bench)
        await asyncio.sleep(0.1)
        bench.replica.freed.set()
        await until(lambda: len(bench.acknowledged) == 4)
    assert len(bench.replica.requests) == 4


async def test_a_first_copy_that_hangs_to_its_end_costs_its_run_nothing() -> None:
    """It is killed, counted, and not tried again: the second has completed the rollout."""
    bench = Bench(Hanging(OVERTIME))
    async with working(bench, ROLLOUT):
        await begun(bench)
        await until(lambda: len(bench.acknowledged) == 4)
        await bench.facts.publish_once(facts.collected(0, LATE))
        bench.replica.freed.set()
        await until(lambda: len(bench.acknowledged) == 5)
    assert len(bench.replica.requests) == 5
    assert bench.bus.buried == []
    assert [(spent.status, spent.seconds) for spent in bench.facts.metered] == [(504, 120.0)]
