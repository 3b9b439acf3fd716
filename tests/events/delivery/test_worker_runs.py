"""The queue-worker on an in-memory bus: work of runs that have ended, or that hang."""

import asyncio
import base64
from collections import Counter

import msgspec
import pytest
from msgspec.structs import replace

from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import AGAIN, SIGNATURE, QueueRequest, Request
from faastraingym.events.topology.stack_file import Function
from faastraingym.schemas import dead_letter
from faastraingym.schemas.messages import (
    CollectRollout,
    Message,
    RestoreObject,
    RunCompleted,
    RunFailed,
    RunRemoved,
    RunRequested,
    RunResumed,
    StopRequested,
    WarmUp,
    encode,
)
from tests.events import facts
from tests.events.delivery.bench import FAST, Bench, Replica, until, working


def command(run: str, index: int = 0, again: bool = False) -> bytes:
    """A rollout of a run, as the gateway queues it."""
    collect = CollectRollout(run=run, manifest=facts.MANIFEST, policy=facts.policy(0), index=index)
    header = {"X-Call-Id": [f"{run}-{index}"], SIGNATURE: ["signed rollout"]}
    header |= {AGAIN: ["1"]} if again else {}
    body = base64.b64encode(encode(collect)).decode()
    return msgspec.json.encode(QueueRequest(function="rollout", body=body, header=header))


ROLLOUT = Function(name="rollout", max_replicas=4, timeout=120.0, retry=FAST)


TOO_LONG = Answer(504, b"killed", seconds=120.0, headers={"x-ftg-replica": "overtime"})


OVER = {
    "completed": [RunCompleted(run="demo", reason="target", policy=facts.policy(1))],
    "failed": [RunFailed(run="demo", reason="it hangs")],
    "given up": [replace(facts.dead(), run="demo")],
    "resumed and failed": [
        RunFailed(run="demo", reason="it hangs"),
        RunResumed(run="demo", manifest=facts.MANIFEST, segment=1, env_steps=100),
        RunFailed(run="demo", reason="it hangs", segment=1),
    ],
}


@pytest.mark.parametrize("said", OVER.values(), ids=OVER)
async def test_what_an_ended_run_had_issued_again_is_dropped(said: list[Message]) -> None:
    """Not invoked, not buried; what was never tried before is, unless it has waited."""
    bench = Bench(Replica())
    for fact in said:
        await bench.facts.publish_once(fact)
    async with working(bench, ROLLOUT):
        await bench.bus.enqueue("rollout", command("demo", again=True), "1")
        await bench.bus.enqueue("rollout", command("other", again=True), "2")
        await until(lambda: len(bench.acknowledged) == 2)
    assert [request.call_id for request in bench.replica.requests] == ["other-0"]
    assert bench.bus.buried == []


async def test_a_run_that_was_resumed_goes_on() -> None:
    """Its end, and the letter before it, are of a leg that is over."""
    bench = Bench(Replica())
    for fact in (*OVER["given up"], *OVER["resumed and failed"][:2]):
        await bench.facts.publish_once(fact)
    async with working(bench, ROLLOUT):
        await bench.bus.enqueue("rollout", command("demo", again=True), "1")
        await until(lambda: bench.acknowledged)
    assert len(bench.replica.requests) == 1


async def test_facts_and_restorations_of_an_ended_run_are_delivered() -> None:
    """Its report is written from the one, and others may need what the other makes."""
    bench = Bench(Replica(Answer(503), Answer(503)))
    await bench.facts.publish_once(RunFailed(run="demo", reason="it hangs"))
    lost = RestoreObject(
        run="demo", object=facts.MANIFEST, origin=RunRequested(run="demo", spec={})
    )
    restore = QueueRequest(function="conclude-run", body=base64.b64encode(encode(lost)).decode())
    async with working(bench):
        await bench.facts.publish_once(StopRequested(run="demo"))
        await bench.bus.enqueue("conclude-run", msgspec.json.encode(restore), "1")
        await until(lambda: len(bench.acknowledged) == 2)
    assert len(bench.replica.requests) == 4


async def test_whatever_of_a_removed_run_comes_again_is_dropped() -> None:
    """Facts and restorations, too: they find neither log nor objects, and no letter is kept."""
    bench = Bench(Replica(*[Answer(503)] * 9))
    lost = RestoreObject(
        run="demo", object=facts.MANIFEST, origin=RunRequested(run="demo", spec={})
    )
    restore = QueueRequest(function="conclude-run", body=base64.b64encode(encode(lost)).decode())
    await bench.facts.publish_once(RunRemoved(run="demo"))
    async with working(bench):
        await bench.facts.publish_once(StopRequested(run="demo"))
        await bench.bus.enqueue("conclude-run", msgspec.json.encode(restore), "1")
        await until(lambda: len(bench.acknowledged) == 2)
    assert len(bench.replica.requests) == 2  # each as long as nothing was wrong with it
    assert bench.bus.buried == []


async def test_a_run_that_ends_while_its_work_fails_is_given_no_letter() -> None:
    """Dropping is not burying: nothing more is told of a run that is over."""
    replica = Replica(*[Answer(500, b"defect")] * 3)
    bench = Bench(replica)
    replica.gate.clear()
    async with working(bench, ROLLOUT):
        await bench.bus.enqueue("rollout", command("demo"), "1")
        await until(lambda: replica.at_once)
        await bench.facts.publish_once(OVER["completed"][0])
        replica.gate.set()
        await until(lambda: bench.acknowledged)
    assert (len(replica.requests), bench.bus.buried) == (1, [])


async def test_work_that_is_too_long_fails_its_run_with_the_remedy() -> None:
    """After the second time; what else the run had queued is not even begun."""
    bench = Bench(Replica(*[TOO_LONG] * 10))
    async with working(bench, ROLLOUT):
        for index in range(4):
            await bench.bus.enqueue("rollout", command("demo", index), str(index))
        await until(lambda: len(bench.acknowledged) == 4)
    tried = Counter(request.call_id for request in bench.replica.requests)
    assert sum(tried.values()) == 2
    (letter,) = [dead_letter.decode(record) for _, record in bench.bus.buried]
    assert letter.status == 504
    words = "killed\nits rollout ran longer than exec_timeout=120s twice: shorten it"
    assert letter.error.startswith(words)
    assert bench.replica.most_at_once == 1


async def test_two_runs_that_hang_leave_slots_to_others() -> None:
    """Of four slots they hold two, whichever came first; the third run's go through meanwhile."""
    bench = Bench(Hanging())
    async with working(bench, ROLLOUT):
        for index in range(4):
            for run in ("hangs-a", "hangs-b"):
                await bench.bus.enqueue("rollout", command(run, index), f"{run}-{index}")
        await until(lambda: bench.replica.at_once == 2)
        for index in range(20):
            await bench.bus.enqueue("rollout", command("demo", index), f"demo-{index}")
        await until(lambda: len(bench.acknowledged) == 20)
        assert bench.replica.at_once == 2
        bench.replica.gate.set()
        await until(lambda: len(bench.acknowledged) == 28)


class Hanging(Replica):
    """A function that answers a run's rollouts unless its name says that they hang."""

    def __init__(self) -> None:
        super().__init__()
        self.gate.clear()

    async def invoke(self, function: Function, request: Request) -> Answer:
        if request.call_id.startswith("hangs"):
            return await super().invoke(function, request)
        await asyncio.sleep(0)
        return Answer(200)


async def test_a_warm_up_proves_nothing() -> None:
    """It never reaches the environment."""
    bench = Bench(Hanging())
    warm = base64.b64encode(encode(WarmUp(run="hangs"))).decode()
    request = QueueRequest(function="rollout", body=warm, header={"X-Call-Id": ["warm"]})
    async with working(bench, ROLLOUT):
        await bench.bus.enqueue("rollout", msgspec.json.encode(request), "warm")
        await until(lambda: bench.acknowledged)
        for index in range(4):
            await bench.bus.enqueue("rollout", command("hangs", index), str(index))
        await until(lambda: len(bench.bus.commands("rollout").delivered) == 5)
        assert bench.replica.at_once == 1
        bench.replica.gate.set()
