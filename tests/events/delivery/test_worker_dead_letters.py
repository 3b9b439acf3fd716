"""The queue-worker on an in-memory bus: what is given up, what of it is stored, who is told."""

from hashlib import sha256

import pytest

from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import SIGNATURE
from faastraingym.events.topology.stack_file import Function
from faastraingym.schemas import dead_letter
from faastraingym.schemas.dead_letter import Omitted
from faastraingym.schemas.messages import InvocationDeadLettered, StopRequested, encode
from tests.events.delivery.bench import Bench, Replica, posted, until, working


async def test_the_last_attempt_buries_and_tells_the_run() -> None:
    """The dead letter keeps payload, signature, error; the run hears which function gave up."""
    bench = Bench(Replica(*[Answer(500, b"Traceback ...\nZeroDivisionError")] * 3))
    async with working(bench):
        await bench.facts.publish_once(StopRequested(run="demo"))
        await until(lambda: bench.acknowledged)
    ((function, record),) = bench.bus.buried
    letter = dead_letter.decode(record)
    assert (function, letter.attempts, letter.status) == ("conclude-run", 3, 500)
    assert letter.payload == encode(StopRequested(run="demo"))
    assert letter.signature == "signed conclude-run"
    (received, told) = [record for _, record in bench.facts.log]
    said = told.fact
    assert isinstance(said, InvocationDeadLettered)
    assert (said.run, said.error) == ("demo", "Traceback ...\nZeroDivisionError")
    assert said.queued_at == letter.queued_at == received.at


async def test_what_a_function_refuses_is_buried_at_once_and_fails_no_run() -> None:
    """Anybody may post bytes that name a run; a 400 must not end it."""
    bench = Bench(Replica(Answer(400, b"not signed")))
    async with working(bench):
        await bench.facts.publish_once(StopRequested(run="demo"))
        await until(lambda: bench.acknowledged)
    assert len(bench.bus.buried) == 1
    assert len(bench.facts.log) == 1  # the request, nothing else


async def test_an_invocation_that_is_no_queue_request_is_buried() -> None:
    """Bytes that nobody can read do not come back for ever, nor are they kept."""
    bench = Bench(Replica())
    async with working(bench):
        await bench.bus.enqueue("conclude-run", b"\xff not json", "1")
        await until(lambda: bench.acknowledged)
    assert bench.replica.requests == []
    letter = dead_letter.decode(bench.bus.buried[0][1])
    assert (letter.payload, bench.bus.kinds) == (b"", ["unsigned"])
    assert letter.omitted == Omitted(size=10, sha256=sha256(b"\xff not json").hexdigest())


@pytest.mark.parametrize("signed", [True, False])
async def test_a_dead_letter_that_nobody_signed_is_a_headline(signed: bool) -> None:
    """Its payload is not kept, its words are bounded, and no run is told: anybody may name one."""
    said = "x" * 100_000
    bench = Bench(Replica(Answer(422, said.encode())))
    more = {SIGNATURE: "signed conclude-run"} if signed else {"X-Call-Id": "y" * 5000}
    body = encode(StopRequested(run="demo"))
    async with working(bench):
        await bench.bus.enqueue("conclude-run", posted(body, more), "1")
        await until(lambda: bench.acknowledged)
    letter = dead_letter.decode(bench.bus.buried[0][1])
    if signed:
        assert (letter.payload, letter.omitted, bench.bus.kinds) == (body, None, [""])
        assert [record.fact.run for _, record in bench.facts.log] == ["demo"]
        return
    assert (letter.payload, bench.bus.kinds, bench.facts.log) == (b"", ["unsigned"], [])
    assert letter.omitted == Omitted(size=len(body), sha256=sha256(body).hexdigest())
    assert len(bench.bus.buried[0][1]) < 2000


@pytest.mark.parametrize(("way", "kept"), [("enqueue", True), ("enqueue_open", False)])
async def test_an_event_that_the_door_let_in_is_kept_whole_and_names_its_run(
    way: str, kept: bool
) -> None:
    """By the token, which the queue-worker does not have; what nobody vouches for is a headline."""
    bench = Bench(Replica(Answer(400, b"spec.environment: missing")))
    headers = {"Content-Type": "application/json", "Idempotency-Key": "nightly"}
    async with working(bench, Function(name="conclude-run")):
        await getattr(bench.bus, way)("conclude-run", posted(b"{}", headers), "1")
        await until(lambda: bench.acknowledged)
    letter = dead_letter.decode(bench.bus.buried[0][1])
    assert (letter.payload, letter.run) == ((b"{}", "nightly") if kept else (b"", ""))
    assert bench.bus.kinds == ["" if kept else "unsigned"]


@pytest.mark.parametrize(
    ("headers", "body", "run"),
    [
        ({}, b"{}", "nightly-8"),
        ({"Content-Type": "text/plain"}, b"\xff", "nightly-8"),
        ({"Nats-Msg-Id": "other"}, b"{}", "other"),
    ],
)
async def test_a_dead_letter_of_what_others_published_names_its_run(
    headers: dict[str, str], body: bytes, run: str
) -> None:
    bench = Bench(Replica(Answer(400, b"no")))
    async with working(bench, Function(name="start-run", starts=True)):
        await until(lambda: bench.bus._starts)
        queue = bench.bus._starts["start-run"]
        queue.add("ftg-start.nightly-8", body, "7", headers=headers)
        await until(lambda: bench.acknowledged)
    assert dead_letter.decode(bench.bus.buried[0][1]).run == run


async def test_a_callback_that_was_in_vain_is_a_headline_and_costs_no_second_invocation() -> None:
    """It is counted among the dead letters; the message is settled."""
    bench = Bench(Replica())
    bench.replica.deaf = "answered 404"
    async with working(bench):
        await bench.bus.enqueue("conclude-run", posted(b"x" * 1000), "1")
        await until(lambda: bench.acknowledged)
    letter = dead_letter.decode(bench.bus.buried[0][1])
    assert (bench.bus.kinds, letter.payload) == (["callback"], b"")
    assert letter.error == "callback to 'http://back/told': answered 404"
    assert len(bench.replica.requests) == 1
