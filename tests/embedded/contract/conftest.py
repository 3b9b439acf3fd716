"""Servers of OpenFaaS's contract, each a process of its own."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from tests.embedded.gateway_process import GatewayProcess, gateway_process, prepare
from tests.servers import NatsServer


class Served(NamedTuple):
    """A server, and whose contract it serves."""

    kind: str
    server: GatewayProcess


@pytest.fixture(params=["gateway", "provider", "gateway before a provider"])
async def served(request: Any, nats_server: NatsServer) -> AsyncIterator[Served]:
    """A gateway with its provider, a provider alone, a gateway before another's provider."""
    await prepare(nats_server)
    kind = request.param.partition(" ")[0]
    settings: dict[str, str] = {"FTG_CALLBACK_ORIGINS": "http://127.0.0.1:9"}
    with ExitStack() as stack:
        if request.param == "gateway before a provider":
            behind = stack.enter_context(gateway_process(nats_server, server="provider"))
            settings["FTG_PROVIDER_URL"] = f"{behind.url}/"
        yield Served(kind, stack.enter_context(gateway_process(nats_server, settings, kind)))
