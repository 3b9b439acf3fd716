"""Rotation as docs/security.md has it: every key is another one, and no old one opens anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from minio import Minio, S3Error

from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.nats.broker import connect
from faastraingym.client import target
from faastraingym.embedded.contract.auth import authorization
from faastraingym.embedded.credentials import Credentials
from faastraingym.embedded.servers.certificates import FILES
from faastraingym.events.topology.roles import SUPERVISOR
from tests.stack.support import Stack

BUCKET = "faastraingym"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack of one's own."""
    made = Stack(tmp_path / "home")
    yield made
    made.down()


async def test_after_a_rotation_the_data_is_there_and_no_old_key_opens_anything(
    stack: Stack,
) -> None:
    """`faastrain down`, remove credentials.json, `faastrain up`."""
    stack.up()
    old, certificate = stack.credentials(), _certificate(stack)
    stack.s3().fput_object(BUCKET, "runs/kept/manifest.msgpack", __file__)
    assert await _opened(stack, old) == ["broker", "gateway", "store", "triggers"]

    stack.down()
    (stack.home / "credentials.json").unlink()
    stack.up()

    new = stack.credentials()
    assert await _opened(stack, old) == []
    assert await _opened(stack, new) == ["broker", "gateway", "store", "triggers"]
    assert not _keys(old) & _keys(new)
    assert _certificate(stack) != certificate
    assert stack.s3().stat_object(BUCKET, "runs/kept/manifest.msgpack").size


async def _opened(stack: Stack, keys: Credentials) -> list[str]:
    """What these keys open."""
    tried = {
        "broker": await _broker(stack, keys),
        "gateway": _gateway(stack, keys),
        "store": _store(stack, keys),
        "triggers": _triggers(stack, keys),
    }
    return [name for name, opens in tried.items() if opens]


async def _broker(stack: Stack, keys: Credentials) -> bool:
    url, _, role, api = stack.nats()
    try:
        broker = await connect(url, keys.nats[SUPERVISOR], role, api)
    except Unavailable:
        return False
    await broker.close()
    return True


def _gateway(stack: Stack, keys: Credentials) -> bool:
    login = authorization(keys.gateway_password)
    return stack.post("/system/functions", b"{}", Authorization=login) != 401


def _triggers(stack: Stack, keys: Credentials) -> bool:
    shown = {"Authorization": f"Bearer {keys.trigger_token}", "Content-Type": "application/json"}
    return stack.post("/function/start-run", b"{}", **shown) != 401


def _store(stack: Stack, keys: Credentials) -> bool:
    host = target.find(stack.environment).s3.url.removeprefix("http://")
    owner = keys.s3[SUPERVISOR]
    client = Minio(host, access_key=owner.user, secret_key=owner.password, secure=False)
    try:
        return client.bucket_exists(BUCKET)
    except S3Error:
        return False


def _keys(made: Credentials) -> set[str]:
    """Everything that opens something."""
    logins = [*made.nats.values(), *made.s3.values()]
    return {
        made.gateway_password,
        made.trigger_token,
        made.caller_token,
        *(login.password for login in logins),
    }


def _certificate(stack: Stack) -> bytes:
    return (stack.home / "weed" / FILES.certificate).read_bytes()
