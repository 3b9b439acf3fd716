"""Redeployments under load, as faas-cli sends them: replicas change, no request is lost."""

import json
from functools import partial

from tests.embedded.contract.conftest import Served
from tests.embedded.contract.exchanges import exchange
from tests.embedded.contract.redeploying import no_request_is_lost
from tests.embedded.gateway_process import BASIC


async def test_no_request_is_lost(served: Served) -> None:
    """By the gateway, by the provider alone, by a gateway before it."""
    port = served.server.port
    deploy(port, "POST", -1)
    call = partial(exchange, port, "POST", "/function/renewed", b"0.02", {})
    await no_request_is_lost(call, partial(deploy, port, "PUT"))


def deploy(port: int, method: str, time: int) -> None:
    body = {"service": "renewed", "image": "example/slow:1", "envVars": {"TIME": str(time)}}
    login = {"Authorization": BASIC}
    made = exchange(port, method, "/system/functions", json.dumps(body).encode(), login)
    assert made.status == 202, made
