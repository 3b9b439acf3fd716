"""The gateway's process keeps its own OpenAPI document, whatever it is sent."""

from collections.abc import AsyncIterator

import pytest

from tests.embedded.gateway_process import GatewayProcess, gateway_process, prepare
from tests.fuzz.api import schemathesis
from tests.servers import NatsServer


@pytest.fixture
async def gateway(nats_server: NatsServer) -> AsyncIterator[GatewayProcess]:
    await prepare(nats_server)
    with gateway_process(nats_server) as running:
        yield running


async def test_nothing_that_the_document_allows_or_forbids_breaks_it(
    gateway: GatewayProcess,
) -> None:
    """No 5xx, no undocumented status or content type; negative data refused; 401 without login."""
    for password in (True, False):
        outcome = schemathesis(gateway, examples=3, password=password)
        assert outcome.passed, outcome.text
        assert outcome.cases > 400
    assert gateway.running()
    assert not any("Traceback" in line for line in gateway.log), gateway.log
