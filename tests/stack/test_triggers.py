"""Runs that are started from outside, on the real stack: by a file, an event, a message."""

import asyncio
import contextlib
import io
import json
import os
import re
import subprocess
import textwrap
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import nats
import pytest
from minio import Minio
from minio.error import S3Error

from faastraingym.adapters.http.signing import sign
from faastraingym.adapters.settings import Login
from faastraingym.client import target
from faastraingym.events.pipeline import subjects
from faastraingym.events.triggers import outside_events
from faastraingym.schemas import keys
from faastraingym.schemas.messages import RunRequested, UploadHeard
from tests.checkout import CHECKOUT
from tests.stack.facts import PATIENCE, report
from tests.stack.specs import SHORT, undisturbed
from tests.stack.support import Stack

BODY = json.dumps(SHORT).encode()


def outsider(stack: Stack) -> Minio:
    """The store, as whoever has runs started reaches it."""
    login: Login = stack.credentials().s3["trigger"]
    host = target.find(stack.environment).s3.url.removeprefix("http://")
    return Minio(host, login.user, login.password, secure=False)


def put(stack: Stack, key: str, data: bytes) -> None:
    outsider(stack).put_object("faastraingym", key, io.BytesIO(data), len(data))


async def got(stack: Stack, key: str) -> bytes:
    """An object that is about to be written."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await asyncio.to_thread(
                    lambda: outsider(stack).get_object("faastraingym", key).data
                )
            except S3Error as error:
                if error.code != "NoSuchKey":
                    raise
                await asyncio.sleep(0.1)


def post(stack: Stack, body: bytes, **headers: str) -> Any:
    """The gateway's answer to an event."""
    token = stack.credentials().trigger_token
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(  # noqa: S310  our own gateway
        f"{stack.up().gateway_url}/function/start-run",
        data=body,
        headers={"Authorization": f"Bearer {token}", **named},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        return json.load(answer)


def buried(stack: Stack, why: str) -> Any:
    """The dead letter that is about to be written."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        for letter in stack.json("dead", "list"):
            if why in json.dumps(letter):
                return letter
    raise TimeoutError(why)


async def policy(stack: Stack, run: str) -> str:
    """The SHA-256 of what a run came to."""
    async with stack.connect() as connected:
        return str((await report(connected, run))["policy"]["sha256"])


async def test_a_file_in_the_bucket_starts_one_run(stack: Stack) -> None:
    """Its report appears under the run; the same file again changes nothing."""
    key = "experiments/dropped.json"
    put(stack, key, BODY)
    run = outside_events.of_upload(key, BODY)
    assert await policy(stack, run) == await undisturbed(SHORT)
    assert json.loads(await got(stack, keys.report(run)))["run_id"] == run
    put(stack, key, BODY)
    told = {"key": f"/buckets/faastraingym/{key}", "event_type": "create", "message": {}}
    answer = post(stack, json.dumps(told).encode(), Content_Type="application/json")
    assert answer == {"runs": [{"run_id": run, "new": False}]}
    async with stack.connect() as connected:
        assert await connected.facts.count(subjects.of_kind(RunRequested, run)) == 1


async def test_a_bad_file_is_told_beside_it(stack: Stack) -> None:
    put(stack, "experiments/bad.toml", b"seed = 1\n[environment\n")
    text = await got(stack, "experiments/bad.toml.error.txt")
    assert b"experiments/bad.toml, line 2, column 13: " in text


def kill_first(stack: Stack, function: str) -> None:
    """As soon as it has a replica."""
    give_up = time.monotonic() + PATIENCE
    while not stack.replicas(function):
        assert time.monotonic() < give_up
        time.sleep(0.01)
    stack.kill(function)


def tick(stack: Stack) -> None:
    """As the clock does it, which is for nobody to wait for; the gateway may be away."""
    with contextlib.suppress(OSError):
        stack.post("/function/reconcile", b"")


async def test_a_bad_file_with_a_long_name_is_told_beside_it(stack: Stack) -> None:
    """Where the store has no room for the ending after it."""
    key = "experiments/" + "ü" * 125 + ".json"
    put(stack, key, b"{")
    assert b".json, line 1" in await got(stack, keys.refusal(key))


async def test_an_upload_outlives_the_replica_that_hears_it(stack: Stack) -> None:
    """Killed as soon as there is one: the queue tries again."""
    key, body = "experiments/outlives.json", json.dumps(SHORT | {"seed": 31}).encode()
    put(stack, key, body)
    await asyncio.to_thread(kill_first, stack, "start-run")
    assert await policy(stack, outside_events.of_upload(key, body)) == await undisturbed(
        SHORT | {"seed": 31}
    )


async def test_an_upload_that_nobody_told_of_is_heard_by_a_tick(stack: Stack) -> None:
    """The gateway is dead when the store tells it, once; the log then knows the file."""
    key, body = "experiments/unheard.json", json.dumps(SHORT | {"seed": 32}).encode()
    stack.kill("gateway")
    put(stack, key, body)
    run = outside_events.of_upload(key, body)
    received = subjects.below(UploadHeard, run)
    async with stack.connect() as connected, asyncio.timeout(2 * PATIENCE):
        while not await connected.facts.count(received):
            await asyncio.to_thread(tick, stack)
            await asyncio.sleep(1.0)
        said = await connected.facts.read(received)
    assert [r.fact.key for r in said if isinstance(r.fact, UploadHeard)] == [key]
    assert await policy(stack, run) == await undisturbed(SHORT | {"seed": 32})


async def test_a_cloudevent_starts_one_run(stack: Stack) -> None:
    """Structured, and binary once more: source and id are the same, so it is the same run."""
    known = {"specversion": "1.0", "id": "7", "source": "/pipelines/nightly", "type": "wanted"}
    event = json.dumps(known | {"data": SHORT}).encode()
    ((first,),) = post(stack, event, Content_Type="application/cloudevents+json").values()
    assert first["new"]
    headers = {f"ce_{name}": value for name, value in known.items()}
    ((again,),) = post(stack, BODY, Content_Type="application/json", **headers).values()
    assert again == first | {"new": False}
    assert await policy(stack, first["run_id"]) == await undisturbed(SHORT)


async def test_a_published_message_starts_one_run(stack: Stack) -> None:
    """As `nats pub` does it: without waiting for an answer, with the outsider's login."""
    url, login, _, _ = stack.nats("trigger")
    connection = await nats.connect(url, user=login.user, password=login.password)
    for _ in range(2):
        await connection.publish("ftg-start.published", BODY)
    await connection.drain()
    assert await policy(stack, "published") == await undisturbed(SHORT)
    async with stack.connect() as connected:
        assert await connected.facts.count(subjects.of_kind(RunRequested, "published")) == 1


async def test_a_bad_message_is_kept_with_what_is_wrong(stack: Stack) -> None:
    """Nobody waits for its answer, so it is a dead letter."""
    url, login, _, _ = stack.nats("trigger")
    connection = await nats.connect(url, user=login.user, password=login.password)
    await connection.publish("ftg-start.bad", b'{"seed": 1}')
    await connection.drain()
    letter = await asyncio.to_thread(buried, stack, "missing; allowed: a table")
    assert letter["run"] == "bad"
    assert stack.cli("dead", "drop", str(letter["id"])).returncode == 0


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text/plain", "Content-Type 'text/plain': starts no run; write one of application/json"),
        ("Text/YAML; charset=utf-8", "spec.environment: missing"),
        ("application/x-yaml", "spec.environment: missing"),
        ("application/msgpack", "Content-Type 'application/msgpack': starts no run"),
    ],
)
async def test_a_message_of_any_content_type_is_told_as_by_http(
    stack: Stack, kind: str, said: str
) -> None:
    url, login, _, _ = stack.nats("trigger")
    connection = await nats.connect(url, user=login.user, password=login.password)
    run = "by-" + re.sub("[^a-z]+", "-", kind.lower()).strip("-")
    headers = {"Content-Type": kind}
    await connection.publish(f"ftg-start.{run}", b"seed: 1\nstop: {}\n", headers=headers)
    await connection.drain()
    letter = await asyncio.to_thread(buried, stack, run)
    assert letter["run"] == run
    assert said in stack.json("dead", "show", str(letter["id"]))["detail"]
    assert stack.cli("dead", "drop", str(letter["id"])).returncode == 0


async def test_what_the_token_let_in_is_kept_whole_when_it_is_given_up(stack: Stack) -> None:
    """Through the queue, whose worker has no token."""
    shown = {"Authorization": f"Bearer {stack.credentials().trigger_token}"}
    kind = {"Content_Type": "application/json", "Idempotency_Key": "through-the-queue"}
    assert stack.post("/async-function/start-run", b'{"seed": 1}', **shown, **kind) == 202
    letter = await asyncio.to_thread(buried, stack, "through-the-queue")
    told = stack.json("dead", "show", str(letter["id"]))
    assert bytes.fromhex(told["payload_head"]) == b'{"seed": 1}'
    assert stack.cli("dead", "drop", str(letter["id"])).returncode == 0


async def test_an_outsider_may_do_nothing_else(stack: Stack) -> None:
    """Neither say facts, nor write what runs have made."""
    url, login, _, _ = stack.nats("trigger")
    connection = await nats.connect(url, user=login.user, password=login.password)
    await connection.publish("ftg.run.requested.forged", b"x")
    await connection.drain()
    async with stack.connect() as connected:
        assert await connected.facts.count("ftg.run.requested.forged") == 0
    with pytest.raises(S3Error, match="AccessDenied"):
        put(stack, keys.report("published"), b"{}")


def documented(word: str) -> list[str]:
    """The commands of docs/triggers.md that have this word, as they stand there."""
    blocks = re.findall(r"(?:^    .*\n)+", (CHECKOUT / "docs" / "triggers.md").read_text(), re.M)
    return [textwrap.dedent(block) for block in blocks if word in block]


@pytest.mark.parametrize("form", ["v2=", "v1="])
def test_a_request_is_signed_as_the_documentation_has_it(
    stack: Stack, tmp_path: Path, form: str
) -> None:
    """Its commands, as they stand there; sent again as they are, they start nothing."""
    (command,) = documented(f"{form}$(")
    (tmp_path / "spec.json").write_bytes(json.dumps(SHORT | {"seed": ord(form[1])}).encode())
    told = {"GATEWAY": stack.up().gateway_url, "TOKEN": stack.credentials().trigger_token}
    environment = {"PATH": os.environ["PATH"], **told}
    sending = command[command.index("curl") :]
    ran = subprocess.run(
        ["sh", "-ec", f"{command}\n{sending}"],  # noqa: S607
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr + ran.stdout
    first, again = re.findall(r'{"runs":\[({.*?})\]}', ran.stdout)
    assert json.loads(first)["new"]
    assert json.loads(again) == json.loads(first) | {"new": False}
    if form == "v2=":
        assert json.loads(first)["run_id"].startswith("nightly-20")


def answers(stack: Stack, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    request = urllib.request.Request(  # noqa: S310  our own gateway
        f"{stack.up().gateway_url}/function/start-run{path}", data=body, headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.status, json.load(answer)["runs"][0]
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


async def test_a_signed_request_is_good_once(stack: Stack) -> None:
    """However it is sent again: with another key, path, header, or as another function's."""
    token, body = (
        stack.credentials().trigger_token.encode(),
        json.dumps(SHORT | {"seed": 99}).encode(),
    )
    now, kind = time.time(), {"Content-Type": "application/json"}
    bare = {"X-Ftg-Signature": sign(token, "start-run", body, now), **kind}
    status, first = answers(stack, "", body, bare)
    assert (status, first["new"]) == (200, True)
    event = {f"ce-{n}": "1.0" for n in ("specversion", "id", "source", "type")}
    for more in ({}, {"X-Call-Id": "x1"}, {"Content-Type": "application/yaml"}, event):
        assert answers(stack, "", body, bare | more) == (200, first | {"new": False})
    for more in ({"Idempotency-Key": "replay-b"}, {"Idempotency-Key": "other"}):
        assert answers(stack, "", body, bare | more)[0] == 401
    for path in ("/a", "?a=b"):
        assert answers(stack, path, body, bare)[0] == 401
    keyed = {
        "X-Ftg-Signature": sign(token, "start-run", body, now, key="replay-a"),
        "Idempotency-Key": "replay-a",
        **kind,
    }
    assert answers(stack, "/", body, keyed)[1] == {"run_id": "replay-a", "new": True}
    assert answers(stack, "", body, keyed)[1] == {"run_id": "replay-a", "new": False}
    assert answers(stack, "", body, keyed | {"Idempotency-Key": "replay-c"})[0] == 401
    without = {name: value for name, value in keyed.items() if name != "Idempotency-Key"}
    assert answers(stack, "", body, without)[0] == 401
    assert answers(stack, "", body + b" ", keyed)[0] == 401
    pathed = bare | {"X-Ftg-Signature": sign(token, "start-run", body, now, path="/a?b")}
    assert answers(stack, "/a?b", body, pathed)[1]["new"]
    assert answers(stack, "/a?c", body, pathed)[0] == 401
    assert stack.post("/async-function/start-run", body, **{**kind, "Idempotency-Key": "x"}) == 401
    async with stack.connect() as connected:
        said = await connected.facts.read("ftg.run.requested.>")
    ours = [r for r in said if isinstance(r.fact, RunRequested) and r.fact.spec.get("seed") == 99]
    assert len(ours) == 3
