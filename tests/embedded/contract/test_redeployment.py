"""Redeployments under load, as faas-cli sends them: replicas change, no request is lost."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from tests.embedded.contract.conftest import Served
from tests.embedded.contract.exchanges import Exchange, exchange
from tests.embedded.gateway_process import BASIC

CALLERS, TIMES = 4, 3


async def test_no_request_is_lost(served: Served) -> None:
    """Callers call on; each deployment is over when a replica of it has answered."""
    port, settled = served.server.port, Event()

    def call() -> Exchange:
        return exchange(port, "POST", "/function/renewed", b"0.02", {})

    def caller() -> list[Exchange]:
        made = [call()]
        while not settled.is_set():
            made.append(call())
        return made

    def redeploy() -> list[bytes]:
        replicas = [call().body]
        for time in range(TIMES):
            deploy(port, "PUT", time)
            while (replica := call().body) in replicas:
                pass
            replicas.append(replica)
        return replicas

    deploy(port, "POST", -1)
    with ThreadPoolExecutor(CALLERS) as pool:
        calling = [asyncio.wrap_future(pool.submit(caller)) for _ in range(CALLERS)]
        try:
            replicas = await asyncio.to_thread(redeploy)
        finally:
            settled.set()
        made = [one for each in await asyncio.gather(*calling) for one in each]
    assert [str(one) for one in made if one.status != 200] == []
    assert len(set(replicas)) == TIMES + 1
    assert {one.body for one in made} <= set(replicas)


def deploy(port: int, method: str, time: int) -> None:
    body = {"service": "renewed", "image": "example/slow:1", "envVars": {"TIME": str(time)}}
    login = {"Authorization": BASIC}
    made = exchange(port, method, "/system/functions", json.dumps(body).encode(), login)
    assert made.status == 202, made
