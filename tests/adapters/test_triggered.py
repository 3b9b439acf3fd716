"""What the outside world is answered, and what comes of it."""

import json
import time
from typing import Any

import pytest

from adapters.signing import sign
from adapters.stage import Outgoing
from adapters.triggered import TriggeredStage
from events import triggers
from events.ports import Services, Unavailable
from schemas.errors import SpecificationError
from schemas.messages import RunRequested, encode
from schemas.specification import RunSpec
from schemas.validation import parse
from tests.adapters.test_stage import KEY, SETTINGS, connected
from tests.fakes import InMemoryFactLog, InMemoryObjectStore

TOKEN = b"a token"
SPEC: dict[str, Any] = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "ppo"},
    "stop": {"env_steps": 100},
}
BODY = json.dumps(SPEC).encode()
SHOWN = {"authorization": "Bearer a token", "content-type": "application/json"}
FILE = "experiments/cart.json"


async def handler(message: RunRequested, services: Services) -> Outgoing:
    return [message]


def validate(raw: object) -> RunSpec:
    spec = parse(raw)
    if spec.seed == 13:
        raise SpecificationError(["spec.seed: found 13; allowed: any other"])
    return spec


def stage() -> TriggeredStage:
    made = TriggeredStage((RunRequested,), handler, validate)
    connected(made)
    made._token = TOKEN
    return made


def facts(made: TriggeredStage) -> InMemoryFactLog:
    return made._connections.services.facts  # type: ignore[return-value]


def store(made: TriggeredStage) -> InMemoryObjectStore:
    return made._connections.services.bucket  # type: ignore[return-value]


def asked(made: TriggeredStage) -> list[str]:
    return [recorded.fact.run for _, recorded in facts(made).log]


async def answer(made: TriggeredStage, body: bytes, headers: dict[str, str]) -> Any:
    status, told, text = await made(body, headers)
    assert status == 200, text
    assert told["content-type"] == "application/json"
    return json.loads(text)["runs"]


def uploaded(key: str, bucket: str = "b") -> bytes:
    told = {"key": f"/buckets/{bucket}/{key}", "event_type": "create", "message": {}}
    return json.dumps(told).encode()


async def test_one_key_is_one_run_however_often_it_comes() -> None:
    made = stage()
    headers = SHOWN | {"idempotency-key": "nightly"}
    assert await answer(made, BODY, headers) == [{"run_id": "nightly", "new": True}]
    assert await answer(made, BODY, headers) == [{"run_id": "nightly", "new": False}]
    assert asked(made) == ["nightly"]
    assert facts(made).metered[0].run == "nightly"


async def test_a_name_that_is_taken_is_told() -> None:
    """409; the run that has it is not touched."""
    made, headers = stage(), SHOWN | {"idempotency-key": "nightly"}
    await answer(made, BODY, headers)
    other = json.dumps(SPEC | {"seed": 2}).encode()
    status, _, text = await made(other, headers)
    assert (status, asked(made)) == (409, ["nightly"])
    assert b"another Idempotency-Key" in text


@pytest.mark.parametrize("key", [TOKEN, KEY], ids=["an outsider's", "the queue-worker's"])
async def test_a_signature_is_as_good_as_the_token(key: bytes) -> None:
    made = stage()
    signature = sign(key, SETTINGS.function, BODY, time.time())
    headers = {"content-type": "application/json", "x-ftg-signature": signature}
    assert len(await answer(made, BODY, headers)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer another"},
        {"authorization": "Basic YTph"},
        {"x-ftg-signature": sign(b"another", SETTINGS.function, BODY, time.time())},
        {"x-ftg-signature": sign(TOKEN, SETTINGS.function, BODY, 1.0)},
        {"x-ftg-signature": sign(TOKEN, "rollout", BODY, time.time())},
    ],
)
async def test_whoever_proves_nothing_is_refused(headers: dict[str, str]) -> None:
    made = stage()
    status, _, text = await made(BODY, {"content-type": "application/json"} | headers)
    assert (status, asked(made)) == (401, [])
    assert text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", b"line 1"),
        (b'{"seed": 1}', b"spec.environment: missing"),
        (json.dumps(SPEC | {"seed": 13}).encode(), b"spec.seed: found 13"),
        (uploaded("experiments/x.json", "theirs"), b"'theirs'; ours is b"),
    ],
)
async def test_what_starts_no_run_is_told(body: bytes, said: bytes) -> None:
    made = stage()
    status, told, text = await made(body, SHOWN)
    assert (status, told["content-type"], asked(made)) == (400, "text/plain", [])
    assert said in text


async def test_a_file_is_one_run_until_it_changes() -> None:
    made = stage()
    store(made).data[FILE] = BODY
    first = await answer(made, uploaded(FILE), SHOWN)
    assert first == [{"run_id": triggers.of_upload(FILE, BODY), "new": True}]
    assert await answer(made, uploaded(FILE), SHOWN) == [first[0] | {"new": False}]
    store(made).data[FILE] = BODY + b"\n"
    assert len(asked(made)) == 1
    await answer(made, uploaded(FILE), SHOWN)
    assert len(set(asked(made))) == 2


async def test_a_bad_file_is_told_beside_it_until_it_is_mended() -> None:
    made = stage()
    store(made).data[FILE] = json.dumps({"seed": 13}).encode()
    assert await answer(made, uploaded(FILE), SHOWN) == []
    assert b"spec.environment: missing" in store(made).data[FILE + ".error.txt"]
    store(made).data[FILE] = b"{"
    await answer(made, uploaded(FILE), SHOWN)
    assert b"cart.json, line 1" in store(made).data[FILE + ".error.txt"]
    store(made).data[FILE] = BODY
    await answer(made, uploaded(FILE), SHOWN)
    assert store(made).data.keys() == {FILE}
    assert len(asked(made)) == 1


async def test_a_file_that_is_gone_again_asks_for_nothing() -> None:
    assert await answer(stage(), uploaded(FILE), SHOWN) == []


async def test_an_event_is_sent_again_while_the_broker_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = stage()

    async def away(fact: RunRequested) -> bool:
        raise Unavailable("away")

    monkeypatch.setattr(facts(made), "say", away)
    status, _, _ = await made(BODY, SHOWN)
    assert status == 503


@pytest.mark.parametrize("kind", [None, "application/msgpack", "application/octet-stream", "x/y"])
async def test_the_pipeline_s_own_messages_are_served_as_ever(kind: str | None) -> None:
    made, body = stage(), encode(RunRequested(run="ours", spec=SPEC))
    named = {} if kind is None else {"content-type": kind}
    signature = sign(KEY, SETTINGS.function, body, time.time())
    status, _, _ = await made(body, {"x-ftg-signature": signature} | named)
    assert (status, asked(made)) == (200, ["ours"])
    status, _, _ = await made(body, named)
    assert status == 401


async def test_whoever_forgot_the_content_type_is_told() -> None:
    """As curl sends a body when it is not told what it is."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    status, _, text = await stage()(BODY, SHOWN | form)
    assert (status, b"write one of application/json" in text) == (400, True)
