"""The gateway's way to a provider over HTTP: the same answers as in process."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from faastraingym.embedded.contract.auth import authorization
from faastraingym.embedded.contract.bodies import Spooled, whole
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.contract.messages import LogQuery, Secret
from faastraingym.embedded.contract.serving import listening
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.gateway.upstream import HttpProvider
from faastraingym.embedded.provider.api import application
from faastraingym.embedded.provider.provider import ProcessProvider
from tests.embedded.support import PASSWORD, deployment, free_port, post


async def test_every_operation_crosses_the_contract(provider: ProcessProvider) -> None:
    """Deploy, update, invoke, scale, secrets, logs, delete: through the provider's own server."""
    port = free_port()
    async with (
        listening(application(provider, PASSWORD), "127.0.0.1", port),
        HttpProvider(f"http://127.0.0.1:{port}", authorization(PASSWORD)) as remote,
    ):
        await remote.create_secret(Secret("mine", value="m"))
        await remote.update_secret(Secret("mine", value="n"))
        await remote.deploy(deployment("chatter", secrets=["mine"]))
        await remote.update(deployment("chatter", high=2))
        assert (await remote.invoke("chatter", post(b"spoken"))).status == 204
        await remote.scale("chatter", 2)
        (listed,), (here,) = await remote.functions(), await provider.functions()
        assert (listed.name, listed.labels, listed.created_at) == (
            "chatter",
            here.labels,
            here.created_at,
        )
        assert await remote.function("chatter") == await provider.function("chatter")
        measured = await remote.function("chatter", usage=True)
        assert measured.usage is not None
        assert measured.usage.total_memory_bytes > 1 << 20
        query = LogQuery("chatter", since=datetime(2020, 1, 1, tzinfo=UTC))
        assert "spoken" in {line.text async for line in await remote.logs(query)}
        assert [secret.name for secret in await remote.secrets()] == ["mine"]
        assert await remote.info() == await provider.info()
        assert await remote.namespaces() == ["openfaas-fn"]
        await remote.delete("chatter")
        await remote.delete_secret("mine")
        with pytest.raises(ProviderError, match="chatter") as caught:
            await remote.function("chatter")
        assert caught.value.status == 404


async def test_long_bodies_cross_the_contract_within_both_budgets(
    provider: ProcessProvider, tmp_path: Path
) -> None:
    """In files, both ways; a room that is spent is the gateway's own 503."""
    port, theirs, ours = free_port(), Budget(tmp_path), Budget(tmp_path, spool=3 << 20)
    await provider.deploy(deployment("echo"))
    async with (
        listening(application(provider, PASSWORD, budget=theirs), "127.0.0.1", port),
        HttpProvider(f"http://127.0.0.1:{port}", authorization(PASSWORD), ours) as remote,
    ):
        body = Spooled(ours)
        await body.append(b"x" * (1 << 20))
        answer = await remote.invoke("echo", post()._replace(body=body))
        assert isinstance(answer.body, Spooled)
        assert whole(answer.body) == whole(body)
        assert ours.spooled == 2 << 20
        answer.body.close()
        await body.append(b"x" * (1 << 20))
        with pytest.raises(ProviderError, match="that all share") as caught:
            await remote.invoke("echo", post()._replace(body=body))
        assert caught.value.status == 503
        body.close()
    assert (theirs.spooled, theirs.memory) == (0, 0)


async def test_the_provider_is_guarded_as_the_gateway_is(provider: ProcessProvider) -> None:
    """Who reaches its port cannot administer without the password."""
    port = free_port()
    async with (
        listening(application(provider, PASSWORD), "127.0.0.1", port),
        HttpProvider(f"http://127.0.0.1:{port}") as stranger,
    ):
        with pytest.raises(ProviderError) as caught:
            await stranger.functions()
    assert caught.value.status == 401


async def test_a_provider_that_is_away_is_502() -> None:
    """With its address."""
    async with HttpProvider(f"http://127.0.0.1:{free_port()}") as remote:
        with pytest.raises(ProviderError, match="does not answer") as caught:
            await remote.functions()
        assert caught.value.status == 502
        with pytest.raises(ProviderError, match="does not answer") as caught:
            await remote.logs(LogQuery("any"))
    assert caught.value.status == 502
