"""Broker, store and gateway by TLS: clients believe the authority that they are told, no other."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from faastraingym.adapters.errors import AdapterError, Unavailable
from faastraingym.adapters.nats import broker
from faastraingym.adapters.nats.accounts import PREFIX
from faastraingym.adapters.processes.queue_worker import Gateway
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.client.errors import StackTrouble
from faastraingym.client.gateway import HttpGateway
from faastraingym.client.target import Server as Address
from faastraingym.embedded import credentials
from faastraingym.embedded.contract.serving import listening, tls_context
from faastraingym.embedded.credentials import Credentials
from faastraingym.embedded.errors import ProviderError, StackError
from faastraingym.embedded.gateway.app import application
from faastraingym.embedded.gateway.upstream import HttpProvider
from faastraingym.embedded.provider.provider import ProcessProvider
from faastraingym.embedded.settings import read
from faastraingym.events.delivery.requests import Request
from faastraingym.events.topology.roles import SUPERVISOR
from faastraingym.events.topology.stack_file import Function
from tests.authorities import Authorities, authorities
from tests.embedded.servers import running
from tests.embedded.support import LOGIN, PASSWORD, MemoryQueue, free_port, launch


class Secured(NamedTuple):
    """Servers that speak TLS alone."""

    nats_url: str
    s3_url: str
    logins: Credentials


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    return authorities(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secured(made: Authorities) -> Iterator[Secured]:
    """nats-server and weed."""
    logins = credentials.generate()
    with running.servers(logins, made.tls) as (ports, _):
        s3 = f"https://127.0.0.1:{ports['weed-s3']}"
        yield Secured(f"tls://127.0.0.1:{ports['nats']}", s3, logins)


@pytest.fixture
async def gateway_url(made: Authorities, tmp_path: Path) -> AsyncIterator[str]:
    """A gateway."""
    provider, port = ProcessProvider(launch(tmp_path, {})), free_port()
    await provider.start()
    app = application(provider, MemoryQueue(), PASSWORD)
    context = tls_context(str(made.tls.certificate), str(made.tls.key))
    async with listening(app, "127.0.0.1", port, context):
        yield f"https://127.0.0.1:{port}"
    await provider.close()


async def test_the_broker(
    secured: Secured, made: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other authority's word is refused; without TLS nobody is let in."""
    login = secured.logins.nats[SUPERVISOR]
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ours))
    connection = await broker.connect(secured.nats_url, login, "tls", PREFIX)
    assert b"account_info" in await connection.api("INFO")
    await connection.close()
    monkeypatch.setenv("SSL_CERT_FILE", str(made.other))
    with pytest.raises(Unavailable, match="certificate verify failed"):
        await broker.connect(secured.nats_url, login, "tls", PREFIX)


async def test_the_store(
    secured: Secured, made: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket is made, an object written and read; the other authority's word is refused."""
    login = secured.logins.s3[SUPERVISOR]
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ours))
    await Bucket(secured.s3_url, "by-tls", login).ensure()
    store = S3ObjectStore(secured.s3_url, "by-tls", login)
    assert await store.get(await store.put("a", b"bytes")) == b"bytes"
    await store.close()
    monkeypatch.setenv("SSL_CERT_FILE", str(made.other))
    wary = S3ObjectStore(secured.s3_url, "by-tls", login)
    with pytest.raises(AdapterError, match="certificate verify failed"):
        await wary.find("a")
    with pytest.raises(AdapterError, match="certificate verify failed"):
        await Bucket(secured.s3_url, "by-tls", login).ensure()
    await wary.close()


async def test_the_gateway(
    gateway_url: str, made: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the command line, for the supervisor, for the queue-worker."""
    absent, stop = Function(name="absent"), Request(body=b"x")
    address = Address(gateway_url, "admin", PASSWORD)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ours))
    assert await asyncio.to_thread(HttpGateway(address).functions) == []
    async with HttpProvider(gateway_url, LOGIN["Authorization"]) as provider:
        assert await provider.functions() == []
    worker = Gateway(gateway_url)
    assert (await worker.invoke(absent, stop)).status == 404
    worker.close()
    monkeypatch.setenv("SSL_CERT_FILE", str(made.other))
    with pytest.raises(StackTrouble, match="certificate verify failed"):
        await asyncio.to_thread(HttpGateway(address).functions)
    async with HttpProvider(gateway_url, LOGIN["Authorization"]) as provider:
        with pytest.raises(ProviderError, match=r"(?i)certificate"):
            await provider.functions()
    worker = Gateway(gateway_url)
    refused = await worker.invoke(absent, stop)
    worker.close()
    assert (refused.status, b"certificate verify failed" in refused.body) == (503, True)


def test_what_is_missing_for_tls_is_told(made: Authorities, tmp_path: Path) -> None:
    """All three files, or none; a key that is not the certificate's."""
    files = {"FAASTRAIN_TLS_CERT": str(made.tls.certificate), "FAASTRAIN_TLS_KEY": "/nowhere"}
    with pytest.raises(StackError, match="FAASTRAIN_TLS_KEY is '/nowhere', which is no file"):
        read(tmp_path, files)
    with pytest.raises(StackError, match="are no certificate and its key"):
        tls_context(str(made.tls.certificate), str(made.ours))
