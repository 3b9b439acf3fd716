"""What the outside world is answered, and what comes of it."""

import json
import time
from typing import Any

import pytest
from msgspec.structs import replace

from faastraingym.adapters.http.signing import sign
from faastraingym.adapters.packages.library import Packages
from faastraingym.adapters.processes.checking import Checked
from faastraingym.adapters.stage.stage import Outgoing
from faastraingym.adapters.stage.triggered import TriggeredStage
from faastraingym.algorithms.registry import parse
from faastraingym.events.models.registry import Registry
from faastraingym.events.ports import Services, Unavailable
from faastraingym.events.triggers import outside_events
from faastraingym.schemas import keys
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.messages import (
    ExperimentRequested,
    HearUpload,
    RunRemoved,
    RunRequested,
    encode,
)
from tests.adapters.stage.test_stage import KEY, SETTINGS, connected
from tests.events.models.versions import A_MOVE, A_VERSION
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


class Thirteen:
    """Refuses one seed."""

    async def start(self) -> None: ...

    async def choose(self, raw: object, packages: Packages) -> Checked:
        spec = parse(raw)
        if spec.seed == 13:
            raise SpecificationError(["spec.seed: found 13; allowed: any other"])
        return Checked(spec)

    async def close(self) -> None: ...


class Defective(Thirteen):
    """Fails at another seed."""

    async def choose(self, raw: object, packages: Packages) -> Checked:
        if isinstance(raw, dict) and raw.get("seed") == 7:
            raise AttributeError("no observation_space")
        return await super().choose(raw, packages)


def stage() -> TriggeredStage:
    made = TriggeredStage((RunRequested,), handler, Thirteen())
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


async def test_a_run_that_was_removed_is_not_started_again() -> None:
    """By the event that started it, which comes again: 409; by its file: told beside it."""
    made, headers = stage(), SHOWN | {"idempotency-key": "nightly"}
    await facts(made).publish_once(RunRemoved(run="nightly"))
    status, _, text = await made(BODY, headers)
    assert (status, asked(made)) == (409, ["nightly"])
    assert b"nightly was removed, and a removed name is never used again" in text
    key = "experiments/a.json"
    await facts(made).publish_once(RunRemoved(run=outside_events.of_upload(key, BODY)))
    store(made).data[key] = BODY
    assert await answer(made, uploaded(key), SHOWN) == []
    assert not [one for _, one in facts(made).log if isinstance(one.fact, RunRequested)]
    assert b"was removed" in store(made).data[keys.refusal(key)]


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
    assert first == [{"run_id": outside_events.of_upload(FILE, BODY), "new": True}]
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


@pytest.mark.parametrize(
    "name", ["n" * 250 + ".toml", "ü" * 125 + ".json", "a b#?%41\n.yaml", "deep/" * 60 + "x.json"]
)
async def test_a_bad_file_of_any_name_is_told_beside_it(name: str) -> None:
    """Where its name leaves no room for the ending, the error's is shorter, and another's own."""
    made, key = stage(), f"experiments/{name}"
    store(made).data[key] = b"\xff\xfe{\x00"
    assert await answer(made, uploaded(key), SHOWN) == []
    (error,) = store(made).data.keys() - {key}
    assert error == keys.refusal(key)
    assert b"UTF-16" in store(made).data[error] or b"not UTF-8" in store(made).data[error]


async def test_one_bad_record_is_no_other_one_s_loss() -> None:
    """What is wrong with it is answered; only if nothing else was there, as a refusal."""
    made = stage()
    store(made).data[FILE] = BODY
    store(made).data["experiments/bad.json"] = b"{"

    def record(key: str, bucket: str = "b") -> Any:
        s3 = {"bucket": {"name": bucket}, "object": {"key": key}}
        return {"eventName": "s3:ObjectCreated:Put", "s3": s3}

    theirs = record("experiments/x.json", "theirs")
    bad = [{}, theirs, record("experiments/bad.json")]
    body = json.dumps({"Records": [*bad, record(FILE)]}).encode()
    status, _, text = await made(body, SHOWN)
    told = json.loads(text)
    assert (status, [run["new"] for run in told["runs"]]) == (200, [True])
    assert [why[:12] for why in told["refused"]] == ["Records[0]: ", "an object of"]
    assert keys.refusal("experiments/bad.json") in store(made).data
    status, _, text = await made(json.dumps({"Records": bad[:2]}).encode(), SHOWN)
    assert (status, text[:12]) == (400, b"Records[0]: ")


async def test_a_defect_of_one_file_is_told_beside_it_and_no_other_one_s_loss() -> None:
    """And tried again: 500, after the others were asked for."""
    made = stage()

    made._checker = Defective()
    bad = "experiments/bad.json"
    store(made).data |= {bad: json.dumps(SPEC | {"seed": 7}).encode(), FILE: BODY}
    records = [
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}
        for key in (bad, FILE)
    ]
    status, _, text = await made(json.dumps({"Records": records}).encode(), SHOWN)
    assert (status, b"no observation_space" in text) == (500, True)
    assert asked(made) == [outside_events.of_upload(FILE, BODY)]
    assert b"start-run failed: AttributeError" in store(made).data[keys.refusal(bad)]


async def test_an_upload_is_heard_at_reconcile_s_word() -> None:
    """As if its notification had come; told beside it, too, if it is bad."""
    made = stage()
    store(made).data |= {FILE: BODY, "experiments/bad.json": b"{"}
    for key in (FILE, "experiments/bad.json", "experiments/gone.json"):
        body = encode(HearUpload(run="x", key=key))
        signature = sign(KEY, SETTINGS.function, body, time.time())
        assert (await made(body, {"x-ftg-signature": signature}))[0] == 200
        assert (await made(body, {}))[0] == 401
    assert asked(made) == [outside_events.of_upload(FILE, BODY)]
    assert keys.refusal("experiments/bad.json") in store(made).data


async def test_a_file_whose_run_s_name_is_taken_is_told_beside_it() -> None:
    made = stage()
    store(made).data[FILE] = BODY
    taken = SHOWN | {"idempotency-key": outside_events.of_upload(FILE, BODY)}
    await answer(made, json.dumps(SPEC | {"seed": 2}).encode(), taken)
    assert await answer(made, uploaded(FILE), SHOWN) == []
    assert b"asked for before" in store(made).data[keys.refusal(FILE)]


async def test_a_file_that_is_gone_again_asks_for_nothing() -> None:
    assert await answer(stage(), uploaded(FILE), SHOWN) == []


async def test_an_event_is_sent_again_while_the_broker_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = stage()

    async def away(fact: RunRequested) -> bool:
        raise Unavailable("away")

    monkeypatch.setattr(facts(made), "publish_once", away)
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


async def test_a_specification_with_a_space_asks_for_an_experiment() -> None:
    made = stage()
    rates = {"algorithm.learning_rate": {"kind": "choice", "values": [1e-3, 1e-2]}}
    experiment = {"run": SPEC, "space": rates, "seeds": [1]}
    body = json.dumps(experiment).encode()
    key = {**SHOWN, "idempotency-key": "sweep"}
    status, _, answer = await made(body, key)
    assert (status, json.loads(answer)) == (200, {"runs": [{"run_id": "sweep", "new": True}]})
    ((subject, record),) = facts(made).log
    assert subject == "ftg.experiment.requested.sweep"
    assert record.fact == ExperimentRequested(run="sweep", spec=experiment)
    assert json.loads((await made(body, key))[2])["runs"] == [{"run_id": "sweep", "new": False}]
    assert (await made(BODY, key))[0] == 409
    wrong = {**experiment, "run": {**SPEC, "seed": 13}}
    status, _, answer = await made(json.dumps(wrong).encode(), SHOWN)
    assert (status, answer.decode()) == (400, "spec.run.seed: found 13; allowed: any other")


@pytest.mark.parametrize("is_experiment", [False, True])
async def test_a_registered_policy_is_resolved_when_the_run_is_first_asked_for(
    is_experiment: bool,
) -> None:
    """The same event means the same version, though its alias has moved meanwhile."""
    made = stage()
    registry = Registry(store(made), store(made))
    await registry.add(A_VERSION)
    await registry.add(A_MOVE)
    headers = SHOWN | {"idempotency-key": "tuned"}
    spec = SPEC | {"init_from": "models/cartpole@champion"}
    rates = {"algorithm.learning_rate": {"kind": "choice", "values": [1e-3, 1e-2]}}
    whole = {"run": spec, "space": rates, "seeds": [1]} if is_experiment else spec
    body = json.dumps(whole).encode()
    assert await answer(made, body, headers) == [{"run_id": "tuned", "new": True}]
    await registry.add(replace(A_VERSION, version=2, networks=A_VERSION.policy))
    await registry.add(replace(A_MOVE, number=2, version=2, previous=1))
    assert await answer(made, body, headers) == [{"run_id": "tuned", "new": False}]
    assert len(await answer(made, body, SHOWN | {"idempotency-key": "later"})) == 1
    asked: list[Any] = [recorded.fact for _, recorded in facts(made).log]
    specs = [fact.spec["run"] if is_experiment else fact.spec for fact in asked]
    begun = [each["init_from"] for each in specs]
    assert [(each["version"], each["sha256"][0]) for each in begun] == [(1, "b"), (2, "a")]


async def test_an_event_may_have_a_policy_evaluated() -> None:
    """Without an environment, an algorithm or a budget; the same event means the same policy."""
    made = stage()
    registry = Registry(store(made), store(made))
    kept = [await registry.keep("cartpole", data) for data in (b"first", b"second")]
    await registry.add(replace(A_VERSION, policy=kept[0]))
    await registry.add(A_MOVE)
    headers = SHOWN | {"idempotency-key": "burst"}
    asks = {"evaluate": "models/cartpole@champion", "evaluation": {"episodes": 9, "workers": 3}}
    body = json.dumps(asks).encode()
    assert await answer(made, body, headers) == [{"run_id": "burst", "new": True}]
    await registry.add(replace(A_VERSION, version=2, policy=kept[1]))
    await registry.add(replace(A_MOVE, number=2, version=2, previous=1))
    assert await answer(made, body, headers) == [{"run_id": "burst", "new": False}]
    assert len(await answer(made, body, SHOWN | {"idempotency-key": "later"})) == 1
    specs: list[Any] = [recorded.fact.spec for _, recorded in facts(made).log]
    objects = [spec["evaluate"]["object"]["sha256"] for spec in specs]
    assert objects == [each.sha256 for each in kept]
    assert specs[0]["environment"]["id"] == "CartPole-v1"
    assert (specs[0]["stop"]["env_steps"], specs[0]["evaluation"]["pieces"]) == (0, 3)
    other = json.dumps({**asks, "seed": 5}).encode()
    assert (await made(other, headers))[0] == 409
    nobody = json.dumps({"evaluate": "runs/nobody"}).encode()
    status, _, text = await made(nobody, SHOWN)
    assert (status, text[:40]) == (400, b"spec.evaluate: found runs/nobody, which ")


async def test_a_name_that_no_model_has_is_told() -> None:
    made = stage()
    spec = SPEC | {"init_from": "models/nobody"}
    status, _, text = await made(json.dumps(spec).encode(), SHOWN)
    assert status == 400
    assert text.startswith(b"spec.init_from: there is no model 'nobody'")
    rates = {"algorithm.learning_rate": {"kind": "choice", "values": [1e-3, 1e-2]}}
    whole = {"run": spec, "space": rates, "seeds": [1]}
    status, _, text = await made(json.dumps(whole).encode(), SHOWN)
    assert status == 400
    assert text.startswith(b"spec.run.init_from: there is no model 'nobody'")
    assert asked(made) == []
