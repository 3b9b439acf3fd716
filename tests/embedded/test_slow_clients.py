"""Slow, endless and ill-formed requests: cut off, while others are served and memory stays flat.

On real sockets, against the gateway's process and a replica's; their bounds are set small.
"""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import psutil
import pytest

from tests.embedded.attacks import ATTACKS, ask, cut_off
from tests.embedded.gateway_process import gateway_process, prepare
from tests.embedded.template.test_index import _wait_ready, running
from tests.servers import NatsServer

IDLE = 2000  # connections that say nothing
MEBIBYTE = 1 << 20
FLAT = 64 * MEBIBYTE  # what a second wave of attacks may add to memory: no more than noise


class Server(NamedTuple):
    """Who is attacked."""

    port: int
    path: str
    memory: Callable[[], int]


@pytest.fixture(params=["gateway", "replica"])
async def server(request: pytest.FixtureRequest, nats_server: NatsServer) -> AsyncIterator[Server]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A quarter of them are connections that the gateway takes.
    enough = 5 * IDLE if most == resource.RLIM_INFINITY else min(most, 5 * IDLE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, most))  # of this process and the server's
    if request.param == "gateway":
        await prepare(nats_server)
        bounds = {"FTG_BODY_SECONDS": "1s", "FTG_IDLE_SECONDS": "2s"}
        with gateway_process(nats_server, bounds) as gateway:
            yield Server(gateway.port, "/function/echo", gateway.memory)
    else:
        with running("echo", request_seconds="3") as (process, url):
            await asyncio.to_thread(_wait_ready, url)
            resident = psutil.Process(process.pid).memory_info
            yield Server(int(url.rpartition(":")[2]), "/", lambda: resident().rss)


async def test_every_attack_is_cut_off_while_others_are_served(server: Server) -> None:
    assert await ask(server.port, server.path) == 200  # a replica is up
    peaks = [await _wave(server) for _ in range(2)]
    assert await ask(server.port, server.path) == 200
    assert peaks[1] - peaks[0] < FLAT, [peak // MEBIBYTE for peak in peaks]


async def test_thousands_of_idle_connections_are_closed_and_nobody_waits_for_them(
    server: Server,
) -> None:
    assert await ask(server.port, server.path) == 200
    silent = [
        asyncio.create_task(cut_off(ATTACKS["says nothing"], server.port, server.path))
        for _ in range(IDLE)
    ]
    assert await ask(server.port, server.path) == 200
    answers = await asyncio.gather(*silent)
    assert all(status == 400 for statuses in answers for status in statuses)
    assert await ask(server.port, server.path) == 200


async def _wave(server: Server) -> int:
    """All attacks at once, and what is asked meanwhile; the most memory that was seen."""
    attacks = {
        name: asyncio.create_task(cut_off(attack, server.port, server.path))
        for name, attack in ATTACKS.items()
    }
    peak = server.memory()
    while not all(task.done() for task in attacks.values()):
        assert await ask(server.port, server.path) == 200
        peak = max(peak, server.memory())
        await asyncio.wait(attacks.values(), timeout=0.05)
    for name, task in attacks.items():
        assert set(task.result()) <= set(ATTACKS[name].statuses), (name, task.result())
    return peak
