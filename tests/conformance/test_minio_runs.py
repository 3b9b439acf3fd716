"""Runs on MinIO, started in every way: by command line, file, message, event."""

import asyncio
import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from minio import Minio, S3Error

from faastraingym.deploy.kubernetes import make_secrets
from faastraingym.deploy.minio import main as users_of_roles
from faastraingym.deploy.minio import notify
from faastraingym.events.pipeline import subjects
from faastraingym.events.topology.roles import TRIGGER
from faastraingym.events.triggers import outside_events
from faastraingym.schemas import keys
from faastraingym.schemas.keys import EXPERIMENTS
from faastraingym.schemas.messages import RunRequested, UploadHeard
from tests.conformance.minio import TARGET, MinioServer
from tests.conformance.programs import program
from tests.servers import LOGIN, running
from tests.stack.facts import PATIENCE, report
from tests.stack.specs import SHORT, undisturbed
from tests.stack.support import Stack
from tests.stack.test_triggers import post, tick

BUCKET = "faastraingym"
BODY = json.dumps(SHORT).encode()


@pytest.fixture(scope="module")
def minio() -> Iterator[MinioServer]:
    """One of one's own, for it is told of the stack."""
    yield from running(MinioServer)


@pytest.fixture(scope="module")
def stack(minio: MinioServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose store is MinIO, which can tell it of new objects both ways."""
    stack = Stack(
        tmp_path_factory.mktemp("on-minio"),
        FAASTRAIN_S3_URL=minio.url,
        FAASTRAIN_S3_ACCESS_KEY=LOGIN.user,
        FAASTRAIN_S3_SECRET_KEY=LOGIN.password,
    )
    try:
        state, made = stack.up(), stack.credentials()
        minio.tells_webhook(f"{state.gateway_url}/function/start-run", made.trigger_token)
        address = state.nats_url.removeprefix("nats://")
        minio.tells_nats(address, made.nats[TRIGGER], f"{subjects.START}.minio")
        minio.restart()
        yield stack
    finally:
        stack.down()


def client(minio: MinioServer) -> Minio:
    host = minio.url.removeprefix("http://")
    return Minio(host, LOGIN.user, LOGIN.password, secure=False)


async def ended(stack: Stack, run: str) -> Any:
    async with stack.connect() as connected:
        return await report(connected, run)


async def test_a_run_comes_to_the_policy_that_it_comes_to_anywhere(
    minio: MinioServer, stack: Stack
) -> None:
    """To the bit; what it made lies in MinIO."""
    stack.start("on-minio", SHORT)
    told = await ended(stack, "on-minio")
    assert told["policy"]["sha256"] == await undisturbed(SHORT)
    assert json.loads(client(minio).get_object(BUCKET, keys.report("on-minio")).data) == told


@pytest.mark.parametrize("kind", ["webhook", "nats"])
async def test_a_file_in_the_bucket_starts_one_run(
    minio: MinioServer, stack: Stack, kind: str
) -> None:
    """Put twice, told twice, run once; a bad one is told beside it."""
    notify(minio.url, LOGIN, BUCKET, EXPERIMENTS, f"arn:minio:sqs::{TARGET}:{kind}")
    key, bad = f"{EXPERIMENTS}by {kind}.json", f"{EXPERIMENTS}bad-{kind}.toml"
    store = client(minio)
    for name, data in ((bad, b"seed = "), (key, BODY), (key, BODY)):
        store.put_object(BUCKET, name, io.BytesIO(data), len(data))
    run = outside_events.of_upload(key, BODY)
    told = await ended(stack, run)
    assert told["policy"]["sha256"] == await undisturbed(SHORT)
    assert json.loads(store.get_object(BUCKET, keys.report(run)).data) == told
    assert b"line 1: Invalid value" in store.get_object(BUCKET, keys.refusal(bad)).data
    async with stack.connect() as connected:
        assert await connected.facts.count(subjects.of_kind(RunRequested, run)) == 1


async def test_what_could_not_be_told_is_told_later(minio: MinioServer, stack: Stack) -> None:
    """The gateway dies before the file is put; its supervisor brings it back."""
    notify(minio.url, LOGIN, BUCKET, EXPERIMENTS, f"arn:minio:sqs::{TARGET}:webhook")
    stack.kill("gateway")
    key = f"{EXPERIMENTS}patient.json"
    client(minio).put_object(BUCKET, key, io.BytesIO(BODY), len(BODY))
    told = await ended(stack, outside_events.of_upload(key, BODY))
    assert told["policy"]["sha256"] == await undisturbed(SHORT)


async def test_what_is_told_to_nobody_is_heard_by_a_tick(minio: MinioServer, stack: Stack) -> None:
    """Of a MinIO without notifications; the file is read once."""
    store, body = client(minio), json.dumps(SHORT | {"seed": 33}).encode()
    store.delete_bucket_notification(BUCKET)
    key = f"{EXPERIMENTS}untold #1.json"
    store.put_object(BUCKET, key, io.BytesIO(body), len(body))
    run = outside_events.of_upload(key, body)
    heard = subjects.below(UploadHeard, run)
    async with stack.connect() as connected, asyncio.timeout(2 * PATIENCE):
        while not await connected.facts.count(heard):
            await asyncio.to_thread(tick, stack)
            await asyncio.sleep(1.0)
    told = await ended(stack, run)
    assert told["policy"]["sha256"] == await undisturbed(SHORT | {"seed": 33})


async def test_nats_pub_starts_a_run(minio: MinioServer, stack: Stack) -> None:
    """NATS's own command line, with the login of whoever starts runs from outside."""
    url, login, _, _ = stack.nats(TRIGGER)
    server = ["--server", url, "--user", login.user, "--password", login.password]
    command = [program("nats"), "pub", *server, f"{subjects.START}.by-nats-pub", BODY.decode()]
    environment = {"HOME": str(stack.home)}
    await asyncio.to_thread(
        subprocess.run, command, check=True, capture_output=True, env=environment
    )
    told = await ended(stack, "by-nats-pub")
    assert told["policy"]["sha256"] == await undisturbed(SHORT)
    assert client(minio).stat_object(BUCKET, keys.report("by-nats-pub")).size


async def test_a_cloudevent_starts_a_run(minio: MinioServer, stack: Stack) -> None:
    """Posted, structured."""
    event = {"specversion": "1.0", "id": "1", "source": "/tests", "type": "wanted", "data": SHORT}
    answer = post(stack, json.dumps(event).encode(), Content_Type="application/cloudevents+json")
    told = await ended(stack, answer["runs"][0]["run_id"])
    assert told["policy"]["sha256"] == await undisturbed(SHORT)


def test_the_roles_users_are_made_by_one_command(
    minio: MinioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a store and secrets of one's own; twice is as good as once."""
    make_secrets.write(tmp_path)
    monkeypatch.setenv("MINIO_ROOT_USER", LOGIN.user)
    monkeypatch.setenv("MINIO_ROOT_PASSWORD", LOGIN.password)
    for _ in range(2):
        users_of_roles([minio.url, "another", str(tmp_path)])
    user, _, password = (tmp_path / "ftg-s3-trigger").read_text().partition(":")
    store = Minio(minio.url.removeprefix("http://"), user, password, secure=False)
    store.put_object("another", f"{EXPERIMENTS}a.toml", io.BytesIO(b""), 0)
    with pytest.raises(S3Error, match="AccessDenied"):
        store.put_object("another", "runs/a/report.json", io.BytesIO(b""), 0)
