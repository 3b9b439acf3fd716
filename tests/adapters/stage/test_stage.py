"""The stage wrapper: who may speak to it, what it answers, what it sends and meters."""

import json
import logging
import time
from typing import NamedTuple

import pytest

from faastraingym.adapters import logs
from faastraingym.adapters.errors import FunctionFailed
from faastraingym.adapters.http.signing import sign
from faastraingym.adapters.settings import Login, Settings
from faastraingym.adapters.stage import current
from faastraingym.adapters.stage.current import carried
from faastraingym.adapters.stage.spans import span
from faastraingym.adapters.stage.stage import CronStage, Outgoing, Stage, cron_stage
from faastraingym.events.ports import Services, Unavailable
from faastraingym.events.telemetry.tracing import of_run, parse
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.messages import (
    CollectRollout,
    EvaluatePolicy,
    RunFailed,
    RunStarted,
    StopRequested,
    WarmUp,
    encode,
)
from faastraingym.schemas.references import ObjectRef, PolicyRef
from tests.fakes import InMemoryCommandQueue, InMemoryFactLog, InMemoryObjectStore

KEY = b"a signing key"
OBJECT = ObjectRef(bucket="b", key="k", size=1, sha256="0" * 64)
SETTINGS = Settings(
    nats_url="nats://127.0.0.1:1",
    s3_url="http://127.0.0.1:1",
    bucket="b",
    function="conclude-run",
    replica="conclude-run-1",
    memory_mb=256,
    nats=Login("u", "p"),
    s3=Login("u", "p"),
    signing_key=KEY,
)


class FakeConnections(NamedTuple):
    services: Services
    commands: InMemoryCommandQueue


def connected(stage: Stage) -> Stage:
    """The stage as it is after `start`, on fakes."""
    objects = InMemoryObjectStore()
    services = Services(InMemoryFactLog(), objects, objects)
    stage._settings = SETTINGS
    stage._connections = FakeConnections(services, InMemoryCommandQueue())  # type: ignore[assignment]
    return stage


def answering(outgoing: Outgoing = (), error: Exception | None = None) -> Stage:
    async def handler(message: StopRequested, services: Services) -> Outgoing:
        if error is not None:
            raise error
        return outgoing

    return connected(Stage((StopRequested,), handler))


def signed(body: bytes, now: float | None = None) -> dict[str, str]:
    return {"x-ftg-signature": sign(KEY, "conclude-run", body, now or time.time())}


BODY = encode(StopRequested(run="demo"))


async def test_facts_are_said_and_commands_invoked_before_the_answer() -> None:
    """200 means that everything the handler returned is durable."""
    failed = RunFailed(run="demo", reason="why")
    policy = PolicyRef(version=1, policy=OBJECT, learner=OBJECT, env_steps=1)
    evaluate = EvaluatePolicy(run="demo", manifest=OBJECT, policy=policy)
    stage = answering([failed, evaluate])
    status, _, _ = await stage(BODY, signed(BODY))
    assert status == 200
    assert [r.fact for _, r in stage._connections.services.facts.log] == [failed]
    (invocation,) = stage._connections.commands.invoked
    assert (invocation.function, invocation.message) == ("evaluate", evaluate)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY, {}),
        (BODY, {"x-ftg-signature": "t=1,v1=" + "0" * 64}),
        (BODY + b"x", signed(BODY)),
        (BODY, signed(BODY, now=1.0)),
        (b"\xff", signed(b"\xff")),
    ],
    ids=["unsigned", "wrongly signed", "altered", "replayed", "no message"],
)
async def test_what_is_not_ours_is_refused(body: bytes, headers: dict[str, str]) -> None:
    """400: never delivered again; the handler does not see it."""
    stage = answering(error=AssertionError("the handler was called"))
    status, _, text = await stage(body, headers)
    assert status == 400, text


async def test_a_message_for_another_stage_is_refused() -> None:
    """The sentence names what the stage takes."""
    body = encode(RunStarted(run="demo", manifest=OBJECT))
    status, _, text = await answering()(body, signed(body))
    assert (status, text) == (
        400,
        b"conclude-run does not take run.started; it takes run.stop-requested",
    )


async def test_any_stage_is_warm_once_it_answers() -> None:
    """Its handler is not bothered; unsigned it is refused like anything else."""
    stage = answering(error=AssertionError("the handler was called"))
    body = encode(WarmUp(run="demo"))
    assert (await stage(body, signed(body)))[::2] == (200, b"warm")
    assert (await stage(body, {}))[0] == 400


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RunFault("no such id"), 422),
        (Unavailable("away"), 503),
        (FunctionFailed("one's own"), 500),
        (ZeroDivisionError(), 500),
    ],
)
async def test_errors_become_statuses(error: Exception, status: int) -> None:
    """And what the caller reads names the error; a defect comes with its traceback."""
    answered, headers, text = await answering(error=error)(BODY, signed(BODY))
    assert answered == status
    assert (str(error) or type(error).__name__) in text.decode()
    assert "retry-after" not in headers  # nobody knows


async def test_an_environments_own_traceback_is_told_with_the_words_last() -> None:
    """The last line is what a person reads first."""
    fault = RunFault("Broken-v0: step 3 raised")
    fault.__cause__ = ValueError("inside the environment")
    _, _, text = await answering(error=fault)(BODY, signed(BODY))
    lines = text.decode().splitlines()
    assert "ValueError: inside the environment" in lines
    assert lines[-1] == "Broken-v0: step 3 raised"


async def test_every_invocation_is_metered_failures_too() -> None:
    """The first one of a replica is a cold start."""
    stage = answering(error=Unavailable("away"))
    await stage(BODY, {**signed(BODY), "x-call-id": "42"})
    await stage(BODY, signed(BODY))
    first, second = stage._connections.services.facts.metered
    assert (first.run, first.function, first.call_id) == ("demo", "conclude-run", "42")
    assert (first.status, first.memory_mb) == (503, 256)
    assert (first.cold_start, second.cold_start) == (True, False)


async def test_metering_names_the_message_and_what_was_done() -> None:
    """So that whoever reads it knows what called for the invocation, and where its time went."""

    async def handler(message: EvaluatePolicy, services: Services) -> Outgoing:
        with span("environment"):
            return []

    policy = PolicyRef(version=4, policy=OBJECT, learner=OBJECT, env_steps=1)
    body = encode(EvaluatePolicy(run="demo", manifest=OBJECT, policy=policy))
    stage = connected(Stage((EvaluatePolicy,), handler))
    await stage(body, signed(body))
    await stage(b"", signed(b""))
    known, unknown = stage._connections.services.facts.metered
    assert (known.heard, known.version, known.index) == ("evaluate-policy", 4, None)
    assert [told.kind for told in known.spans] == ["environment"]
    assert 0 <= known.spans[0].begin <= known.seconds
    assert (unknown.run, unknown.heard, unknown.spans) == ("none", "", [])


async def test_what_nobody_signed_is_not_metered() -> None:
    """Or strangers would fill the disk with what refusing them cost."""
    stage = answering()
    for headers in ({}, {"x-ftg-signature": sign(b"guess", "conclude-run", BODY, time.time())}):
        status, _, _ = await stage(BODY, headers)
        assert status == 400
    assert stage._connections.services.facts.metered == []


async def test_a_command_with_a_path_or_a_key_is_signed_with_them() -> None:
    """The pipeline's own have neither."""
    stage = answering()
    for more in ({":path": "/a"}, {":path": "/?a"}, {"idempotency-key": "mine"}):
        status, _, text = await stage(BODY, {**signed(BODY), **more})
        assert (status, b"write v2" in text) == (400, True)
    status, _, _ = await stage(BODY, {**signed(BODY), ":path": "/"})
    assert status == 200


async def test_the_clock_needs_no_signature() -> None:
    """A tick has no body; what is due is done, whoever asks. Only what we ask is metered."""

    async def handler(services: Services) -> Outgoing:
        return [RunFailed(run="demo", reason="why")]

    stage = connected(cron_stage(handler))
    assert isinstance(stage, CronStage)
    facts = stage._connections.services.facts
    for headers, metered in (({}, 0), (signed(b"x"), 0), (signed(b""), 1)):
        status, _, _ = await stage(b"", headers)
        assert (status, len(facts.metered)) == (200, metered)
    assert len(facts.log) == 1


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("headers", "trace", "parent"),
    [
        ({"traceparent": PARENT}, "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"),
        ({}, of_run("demo").trace, of_run("demo").span),
        ({"traceparent": "00-0-0-01"}, of_run("demo").trace, of_run("demo").span),
    ],
    ids=["it came with one", "it came with none", "it came with nonsense"],
)
async def test_an_invocation_is_a_span_of_its_runs_trace(
    headers: dict[str, str], trace: str, parent: str
) -> None:
    """Below what caused it; another invocation of the same message is another span."""
    stage = answering()
    for _ in range(2):
        await stage(BODY, signed(BODY) | headers)
    first, second = stage._connections.services.facts.metered
    spans = [parse(usage.traceparent) for usage in (first, second)]
    assert all(span and span.trace == trace for span in spans)
    assert spans[0] != spans[1]
    assert (first.parent, second.parent) == (parent, parent)


async def test_what_a_stage_says_carries_its_own_span() -> None:
    """What the handler sends is caused by this invocation; outside of one, by the run."""
    received: list[str] = []

    async def handler(message: StopRequested, services: Services) -> Outgoing:
        received.append(carried("demo"))
        return ()

    stage = connected(Stage((StopRequested,), handler))
    await stage(BODY, signed(BODY) | {"traceparent": PARENT})
    (usage,) = stage._connections.services.facts.metered
    assert received == [usage.traceparent]
    current.leave()
    assert carried("demo") == str(of_run("demo"))


async def test_a_message_that_was_refused_has_no_span() -> None:
    """It says nothing that can be understood."""
    stage = answering()
    await stage(b"noise", signed(b"noise") | {"traceparent": PARENT})
    (usage,) = stage._connections.services.facts.metered
    assert (usage.traceparent, usage.parent) == ("", "")


async def test_a_repeated_delivery_is_metered_as_one() -> None:
    """Retries are what remains of trouble."""
    stage = answering()
    await stage(BODY, signed(BODY))
    await stage(BODY, signed(BODY) | {"x-ftg-again": "1"})
    assert [usage.retried for usage in stage._connections.services.facts.metered] == [False, True]


async def test_every_line_of_an_invocation_says_what_it_is_about(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Run, version, slot and call, whoever writes it; the invocation itself ends with one."""

    async def handler(message: CollectRollout, services: Services) -> Outgoing:
        logging.getLogger("an.environment").warning("odd")
        return ()

    policy = PolicyRef(version=3, policy=OBJECT, learner=OBJECT, env_steps=1)
    body = encode(CollectRollout(run="demo", manifest=OBJECT, policy=policy, index=1))
    stage = connected(Stage((CollectRollout,), handler))
    before = logging.getLogger().handlers[:]
    logs.configure("conclude-run", "conclude-run-1")
    await stage(body, signed(body) | {"x-call-id": "c", "traceparent": PARENT})
    logging.getLogger().handlers[:] = before
    odd, done = map(json.loads, capsys.readouterr().err.splitlines())
    about = {"run": "demo", "version": 3, "index": 1, "call_id": "c"}
    about |= {"heard": "collect-rollout", "trace_id": PARENT.split("-")[1]}
    assert odd["message"] == "odd"
    assert odd.items() >= about.items()
    assert done.items() >= {**about, "status": 200}.items()
