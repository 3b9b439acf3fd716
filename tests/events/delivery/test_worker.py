"""The queue-worker on an in-memory bus: what is settled, repeated, buried, and for whom."""

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

import msgspec
import pytest
from msgspec.structs import replace

from faastraingym.events.delivery.fair_scheduling import LARGEST, MOST, MOST_BYTES
from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import AGAIN, SIGNATURE, TOPIC, QueueRequest, Request
from faastraingym.events.delivery.worker import AHEAD_SECONDS, FunctionWorker
from faastraingym.events.telemetry.tracing import of_run
from faastraingym.events.topology.stack_file import Function, RetryPolicy
from faastraingym.schemas import dead_letter
from faastraingym.schemas.dead_letter import Omitted
from faastraingym.schemas.messages import (
    CollectRollout,
    InvocationDeadLettered,
    Message,
    RestoreObject,
    RunCompleted,
    RunFailed,
    RunRequested,
    RunResumed,
    StopRequested,
    WarmUp,
    encode,
)
from tests.events import facts
from tests.fakes import InMemoryBus, InMemoryFactLog

FAST = RetryPolicy(attempts=3, min_wait=0.001, max_wait=0.002)
DEATH = Answer(502, b"died", seconds=1.5, headers={"x-ftg-replica": "died"})
HEARS = Function(name="conclude-run", topics=("run.stop-requested",), max_inflight=2, retry=FAST)


class Replica:
    """A function that gives the answers it is told to, then 200."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.called_back: list[int] = []
        self.authenticated: list[bool] = []
        self.deaf = ""  # why nobody is told
        self.at_once = self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def call_back(
        self, function: Function, request: Request, answer: Answer, authenticated: bool
    ) -> str:
        self.called_back.append(answer.status)
        self.authenticated.append(authenticated)
        return self.deaf

    async def invoke(self, function: Function, request: Request) -> Answer:
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.gate.wait()
        self.at_once -= 1
        return self.answers.pop(0) if self.answers else Answer(200)


class Ink:
    """A seal that anybody can read."""

    def sign(self, function: str, body: bytes, key: str = "") -> str:
        return f"signed {function} {key}".strip()

    def is_ours(self, function: str, request: Request) -> bool:
        key = request.headers.get("Idempotency-Key", "")
        return request.headers.get(SIGNATURE) == self.sign(function, request.body, key)


class Bench:
    """A worker's surroundings."""

    def __init__(self, replica: Replica) -> None:
        self.facts = InMemoryFactLog()
        self.bus = InMemoryBus(self.facts)
        self.replica = replica

    def worker(self, function: Function) -> FunctionWorker:
        return FunctionWorker(function, self.bus, self.facts, self.replica, Ink())

    @property
    def taken(self) -> int:
        """Commands that a worker has asked for and got."""
        return len(self.bus.commands("conclude-run").delivered)

    @property
    def acknowledged(self) -> list[str]:
        queues = [*self.bus._of_facts.values(), *self.bus._commands.values()]
        queues += [*self.bus._starts.values(), *self.bus._open.values()]
        return [message_id for queue in queues for message_id in queue.acknowledged]


@asynccontextmanager
async def working(bench: Bench, function: Function = HEARS) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(bench.worker(function).run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  the fakes have no event for it
            await asyncio.sleep(0.001)


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


def posted(body: bytes, headers: dict[str, str] | None = None) -> bytes:
    named = {name: [value] for name, value in (headers or {}).items()}
    url = {"Scheme": "http", "Host": "back", "Path": "/told"}
    text = base64.b64encode(body).decode()
    return msgspec.json.encode(
        QueueRequest(function="conclude-run", body=text, header=named, callback_url=url)
    )


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


async def test_no_more_in_flight_than_the_function_takes() -> None:
    """Two slots: of five facts two are in flight, and the others wait their turn."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    async with working(bench):
        for i in range(5):
            await bench.facts.publish_once(StopRequested(run=f"demo-{i}"))
        await until(lambda: bench.replica.at_once == 2)
        bench.replica.gate.set()
        await until(lambda: len(bench.acknowledged) == 5)
    assert bench.replica.most_at_once == 2


async def test_a_poisoned_message_holds_up_nobody() -> None:
    """While one run's message waits for its retry, the other's is served: one slot is enough."""
    function = Function(
        name="conclude-run",
        topics=("run.stop-requested",),
        retry=RetryPolicy(attempts=3, min_wait=60, max_wait=60),
    )
    bench = Bench(Replica(Answer(500)))
    async with working(bench, function):
        await bench.facts.publish_once(StopRequested(run="poisoned"))
        await until(lambda: bench.replica.requests)
        await bench.facts.publish_once(StopRequested(run="healthy"))
        await until(lambda: bench.acknowledged)
    assert bench.replica.requests[-1].body == encode(StopRequested(run="healthy"))


async def test_cancelling_finishes_what_is_in_hand() -> None:
    """SIGTERM drains: the delivery in flight is answered and settled before the worker returns."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    task = asyncio.create_task(bench.worker(HEARS).run())
    await bench.facts.publish_once(StopRequested(run="demo"))
    await until(lambda: bench.replica.at_once == 1)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    bench.replica.gate.set()
    async with asyncio.timeout(5):
        await asyncio.gather(task, return_exceptions=True)
    assert len(bench.acknowledged) == 1


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


def queued(run: str, index: int = 0) -> bytes:
    """A command of a run, as the gateway queues it."""
    body = encode(StopRequested(run=run))
    header = {"X-Call-Id": [f"{run}-{index}"]}
    request = QueueRequest(
        function="conclude-run", body=base64.b64encode(body).decode(), header=header
    )
    return msgspec.json.encode(request)


ONE = Function(name="conclude-run", retry=FAST)  # one slot


async def test_a_small_run_does_not_wait_for_a_large_one() -> None:
    """300 commands of one run are queued, then 3 of another: these take every second turn."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    async with working(bench, ONE) as worker:
        for index in range(300):
            await bench.bus.enqueue("conclude-run", queued("large", index), f"large-{index}")
        await until(lambda: bench.taken == 300)
        for index in range(3):
            await bench.bus.enqueue("conclude-run", queued("small", index), f"small-{index}")
        await until(lambda: bench.taken == 303)
        bench.replica.gate.set()
        await until(lambda: len(bench.acknowledged) == 303)
        assert not worker.done()
    order = [request.call_id.split("-")[0] for request in bench.replica.requests]
    last = max(turn for turn, run in enumerate(order) if run == "small")
    assert (order.count("small"), last) == (3, 6)


async def test_no_more_is_taken_than_may_wait() -> None:
    """One slot, a replica that stands still: the rest stays in the broker, for other workers."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    async with working(bench, ONE):
        for index in range(MOST + 100):
            await bench.bus.enqueue("conclude-run", queued("large", index), f"large-{index}")
        await until(lambda: bench.taken >= MOST)
        for _ in range(3):
            await asyncio.sleep(AHEAD_SECONDS)
        assert bench.taken == MOST  # one is in flight; one may yet come by the other way
        bench.replica.gate.set()
        await until(lambda: len(bench.acknowledged) == MOST + 100)


async def test_what_waits_is_bounded_by_its_bytes_too() -> None:
    """More slots than large messages that may wait: the worker stops asking, and goes on later."""
    wide = Function(name="conclude-run", max_inflight=100, retry=FAST)
    bench = Bench(Replica())
    bench.replica.gate.clear()
    async with working(bench, wide):
        for index in range(300):
            large = queued(f"large-{index}") + b" " * LARGEST  # of a run of its own
            await bench.bus.enqueue("conclude-run", large, f"large-{index}")
        await until(lambda: bench.replica.at_once == 100 and bench.taken > 100)
        for _ in range(3):
            await asyncio.sleep(AHEAD_SECONDS)
        assert bench.taken - 100 <= MOST_BYTES // LARGEST
        bench.replica.gate.set()
        await until(lambda: len(bench.acknowledged) == 300)


async def test_cancelling_hands_back_what_has_not_begun() -> None:
    """The next worker has it at once, not after the ack wait; nothing is delivered twice."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    task = asyncio.create_task(bench.worker(ONE).run())
    for index in range(5):
        await bench.bus.enqueue("conclude-run", queued("demo", index), f"demo-{index}")
    await until(lambda: bench.taken == 5)
    task.cancel()
    await until(lambda: bench.bus.commands("conclude-run").untaken == 4)
    bench.replica.gate.set()
    async with asyncio.timeout(5):
        await asyncio.gather(task, return_exceptions=True)
    assert len(bench.acknowledged) == 1
    async with working(bench, ONE):
        await until(lambda: len(bench.acknowledged) == 5)
    assert len({request.call_id for request in bench.replica.requests}) == 5
    assert len(bench.replica.requests) == 5


async def test_what_comes_again_while_it_is_in_hand_is_not_delivered_twice() -> None:
    """After a pause of more than the ack wait the broker sends everything again."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    async with working(bench, ONE):
        for index in range(2):
            await bench.bus.enqueue("conclude-run", queued("demo", index), f"demo-{index}")
        await until(lambda: bench.taken == 2)
        for index in range(2):
            again = queued("demo", index)
            bench.bus.commands("conclude-run").add("ftg-async", again, f"demo-{index}", 2)
        await until(lambda: bench.taken == 4)
        bench.replica.gate.set()
        await until(lambda: len(bench.acknowledged) == 2)
        bench.bus.commands("conclude-run").add("ftg-async", queued("demo", 1), "demo-1", 3)
        await until(lambda: len(bench.acknowledged) == 3)
    assert bench.acknowledged == ["demo-0", "demo-1", "demo-1"]
    assert [request.call_id for request in bench.replica.requests] == bench.acknowledged


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
