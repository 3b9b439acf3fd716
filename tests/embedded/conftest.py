"""Fixtures: a process provider, and a gateway before it."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from faastraingym.embedded.contract.serving import listening
from faastraingym.embedded.gateway.app import application
from faastraingym.embedded.provider.api import application as provider_application
from faastraingym.embedded.provider.provider import ProcessProvider
from tests.embedded.support import PASSWORD, MemoryQueue, free_port, launch


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[ProcessProvider]:
    """A provider whose replicas are gone afterwards."""
    made = ProcessProvider(launch(tmp_path, {"FTG_NATS_URL": "nats://here:1"}))
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def queue() -> MemoryQueue:
    """Where asynchronous invocations land."""
    return MemoryQueue()


@pytest.fixture
async def gateway(
    provider: ProcessProvider, queue: MemoryQueue
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a gateway over the provider."""
    port = free_port()
    async with (
        listening(application(provider, queue, PASSWORD), "127.0.0.1", port),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
    ):
        yield client


@pytest.fixture
async def provider_client(provider: ProcessProvider) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the provider's own port."""
    port = free_port()
    async with (
        listening(provider_application(provider, PASSWORD), "127.0.0.1", port),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
    ):
        yield client
