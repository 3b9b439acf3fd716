"""The queue-worker on an in-memory bus: deliveries, retries, callbacks, and what is settled."""

import msgspec
import pytest
from msgspec.structs import replace

from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import SIGNATURE, TOPIC, QueueRequest, Request
from faastraingym.events.telemetry.tracing import of_run
from faastraingym.events.topology.stack_file import Function
from faastraingym.schemas.messages import StopRequested, encode
from tests.events.delivery.bench import Bench, Replica, posted, until, working

DEATH = Answer(502, b"died", seconds=1.5, headers={"x-ftg-replica": "died"})


async def test_what_others_publish_is_handed_on_as_it_is_and_signed() -> None:
    """So that start-run knows that it came by the queue-worker."""
    bench, function = Bench(Replica()), Function(name="start-run", starts=True)
    async with working(bench, function):
        await until(lambda: bench.bus._starts)
        bench.bus._starts["start-run"].add("ftg-start.nightly", b"{}", "7")
        await until(lambda: bench.acknowledged)
    (request,) = bench.replica.requests
    assert (request.body, request.headers[SIGNATURE]) == (b"{}", "signed start-run nightly")
    assert request.headers["Idempotency-Key"] == "nightly"


async def test_a_fact_is_told_to_its_listener_signed_and_settled() -> None:
    """The body is the fact as it was said; the headers say the topic and prove the sender."""
    bench = Bench(Replica())
    async with working(bench):
        await bench.facts.publish_once(StopRequested(run="demo"))
        await until(lambda: bench.acknowledged)
    (request,) = bench.replica.requests
    assert request.body == encode(StopRequested(run="demo"))
    assert request.headers[TOPIC] == "run.stop-requested"
    assert request.headers[SIGNATURE] == "signed conclude-run"


async def test_an_attempt_whose_replica_died_is_metered_before_it_is_tried_again() -> None:
    """Its function could not; the one that succeeds meters itself."""
    bench = Bench(Replica(DEATH, Answer(503), Answer(500)))
    async with working(bench):
        await bench.facts.publish_once(StopRequested(run="demo"))
        await until(lambda: bench.acknowledged)
    (spent,) = bench.facts.metered
    assert (spent.run, spent.function, spent.status) == ("demo", "conclude-run", 502)
    assert (spent.seconds, spent.heard) == (1.5, "run.stop-requested")


async def test_a_transient_failure_is_delivered_again_under_the_same_call_id() -> None:
    """503, 503, 200: three attempts, one call id, nothing buried."""
    bench = Bench(Replica(Answer(503), Answer(503)))
    async with working(bench):
        await bench.facts.publish_once(StopRequested(run="demo"))
        await until(lambda: bench.acknowledged)
    assert len(bench.replica.requests) == 3
    assert len({request.call_id for request in bench.replica.requests}) == 1
    assert bench.bus.buried == []


async def test_a_log_line_says_which_run_a_retry_is_of(caplog: pytest.LogCaptureFixture) -> None:
    """And its call, attempt, answer and trace."""
    bench = Bench(Replica(Answer(503, b"away")))
    async with working(bench):
        await bench.facts.publish_once(StopRequested(run="demo"))
        await until(lambda: bench.acknowledged)
    (retry,) = [record for record in caplog.records if record.message == "retry"]
    told = {name: getattr(retry, name) for name in ("run", "heard", "attempt", "status", "answer")}
    assert told == {
        "run": "demo",
        "heard": "run.stop-requested",
        "attempt": 1,
        "status": 503,
        "answer": "away",
    }
    assert retry.trace_id == of_run("demo").trace  # type: ignore[attr-defined]
    assert retry.call_id == bench.replica.requests[0].call_id  # type: ignore[attr-defined]


async def test_whoever_is_unknown_comes_by_a_way_of_their_own() -> None:
    """To a function that admits anybody; its callback is asked for by nobody who is known."""
    bench, function = Bench(Replica()), Function(name="conclude-run")
    async with working(bench, function):
        await bench.bus.enqueue("conclude-run", posted(b"known"), "1")
        await bench.bus.enqueue_open("conclude-run", posted(b"unknown"), "2")
        await until(lambda: len(bench.acknowledged) == 2)
    told = {
        r.body: v for r, v in zip(bench.replica.requests, bench.replica.authenticated, strict=True)
    }
    assert told == {b"known": True, b"unknown": False}
    async with working(bench, replace(function, admits="signature")):
        await bench.bus.enqueue_open("conclude-run", posted(b"late"), "3")
        await bench.bus.enqueue("conclude-run", posted(b"known too"), "4")
        await until(lambda: len(bench.acknowledged) == 3)
    assert [request.body for request in bench.replica.requests][2:] == [b"known too"]


async def test_a_callback_is_made_once_when_all_is_settled() -> None:
    """Not at every attempt."""
    bench = Bench(Replica(Answer(503), Answer(503)))
    queued = QueueRequest(function="conclude-run", callback_url={"Scheme": "http", "Host": "back"})
    async with working(bench):
        await bench.bus.enqueue("conclude-run", msgspec.json.encode(queued), "1")
        await until(lambda: bench.acknowledged)
    assert len(bench.replica.requests) == 3
    assert bench.replica.called_back == [200]


async def test_an_outage_does_not_use_up_the_attempts_of_the_function() -> None:
    """Four times away, then two failures, then success: five attempts would have been too few."""
    answers = [Answer(503)] * 4 + [Answer(500)] * 2
    bench = Bench(Replica(*answers))
    async with working(bench):
        await bench.facts.publish_once(StopRequested(run="demo"))
        await until(lambda: bench.acknowledged)
    assert len(bench.replica.requests) == 7
    assert bench.bus.buried == []


class Broken(Replica):
    """A client with a defect."""

    async def invoke(self, function: Function, request: Request) -> Answer:
        if request.body == encode(StopRequested(run="broken")):
            raise ZeroDivisionError
        return await super().invoke(function, request)


async def test_a_defect_of_one_delivery_does_not_end_the_others() -> None:
    """It stays unsettled, for the broker to deliver again."""
    bench = Bench(Broken())
    async with working(bench):
        await bench.facts.publish_once(StopRequested(run="broken"))
        await bench.facts.publish_once(StopRequested(run="healthy"))
        await until(lambda: bench.acknowledged)
    assert bench.acknowledged == ["ftg.run.stop-requested.healthy.0"]
