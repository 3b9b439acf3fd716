"""The queue-worker against HTTP servers that answer as OpenFaaS's parts do while replicas start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from faastraingym.adapters.processes.queue_worker import Gateway
from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.topology.stack_file import Function, RetryPolicy
from faastraingym.schemas.messages import StopRequested
from tests.events.delivery.bench import Bench, until, working
from tests.fakes import InMemoryFactLog
from tests.servers import free_ports

FAST = RetryPolicy(attempts=2, min_wait=0.001, max_wait=0.01)


class Busy:
    """A function behind of-watchdog: 429 above `live` at once, a while of work below."""

    def __init__(self, live: int) -> None:
        self.live, self.at_once, self.refused, self.done = live, 0, 0, 0

    async def answer(self, request: web.Request) -> web.Response:
        if self.at_once >= self.live:
            self.refused += 1
            return web.Response(status=429)
        self.at_once += 1
        await asyncio.sleep(0.002)
        self.at_once -= 1
        self.done += 1
        return web.Response(text="done")


@asynccontextmanager
async def serving(handler: object, port: int) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_route("*", "/function/{name}", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def gateway() -> AsyncIterator[tuple[Gateway, int]]:
    (port,) = free_ports(1)
    one = Gateway(f"http://127.0.0.1:{port}")
    try:
        yield one, port
    finally:
        one.close()


async def deliver(bench: Bench, function: Function, count: int) -> None:
    async with working(bench, function):
        for index in range(count):
            await bench.facts.publish_once(StopRequested(run=f"demo-{index}"))
        await until(lambda: len(bench.acknowledged) == count)


def received(bench: Bench, function: str) -> int:
    """How often it was delivered to."""
    queue = bench.bus._of_facts.get(function)
    return len(queue.delivered) if queue else 0


def hears(replicas: int = 1, inflight: int = 1) -> Function:
    return Function(
        name="conclude-run",
        topics=("run.stop-requested",),
        max_replicas=replicas,
        max_inflight=inflight,
        retry=FAST,
    )


async def test_what_is_in_flight_follows_the_live_replicas() -> None:
    """32 may be in flight, 1, then 3, then 2 are live: next to nothing is refused, all is done."""
    busy = Busy(1)
    async with gateway() as (client, port), serving(busy.answer, port):
        bench = Bench(client)  # type: ignore[arg-type]
        function = hears(4, 8)
        async with working(bench, function):
            for live, count in ((1, 100), (3, 400), (2, 700)):
                busy.live = live
                for index in range(len(bench.acknowledged), count):
                    await bench.facts.publish_once(StopRequested(run=f"demo-{index}"))
                await until(lambda count=count: len(bench.acknowledged) == count)
    assert busy.done == 700
    assert busy.refused < 32 + 700 // 10
    assert bench.bus.buried == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, headers={"X-OpenFaaS-Internal": "of-watchdog", "X-Duration-Seconds": "0.001"}),
        Answer(500, b"Can't reach service for: f.", headers={"X-OpenFaaS-Internal": "proxy"}),
        Answer(503, b"No endpoints available for: f.", headers={"X-OpenFaaS-Internal": "proxy"}),
        Answer(502),
        Answer(504, b"<html>nginx</html>"),
    ],
    ids=["of-watchdog", "refused", "no endpoint", "gateway", "ingress"],
)
async def test_a_function_that_starts_spends_no_attempt(answer: Answer) -> None:
    """Ten answers in its place, of two attempts; then it serves."""
    answers = [answer] * 10

    async def speak(request: web.Request) -> web.Response:
        said = answers.pop() if answers else Answer(200)
        return web.Response(status=said.status, body=said.body, headers=said.headers)

    async with gateway() as (client, port), serving(speak, port):
        bench = Bench(client)  # type: ignore[arg-type]
        await deliver(bench, hears(), 1)
    assert (answers, bench.bus.buried, bench.facts.metered) == ([], [], [])


async def test_a_gateway_that_is_not_there_yet_spends_no_attempt() -> None:
    """Connections are refused; then it listens."""
    async with gateway() as (client, port):
        bench = Bench(client)  # type: ignore[arg-type]
        async with working(bench, hears()):
            await bench.facts.publish_once(StopRequested(run="demo"))
            await until(lambda: received(bench, "conclude-run") > 5)
            async with serving(answered, port):
                await until(lambda: bench.acknowledged)
    assert bench.bus.buried == []


async def answered(request: web.Request) -> web.Response:
    return web.Response(text="done")


async def test_who_never_answers_has_run_overtime() -> None:
    """Of which the second is the last; nobody meters what may go on."""

    async def speak(request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        raise AssertionError

    async with gateway() as (client, port), serving(speak, port):
        bench = Bench(client)  # type: ignore[arg-type]
        patient = RetryPolicy(attempts=5, min_wait=0.001, max_wait=0.01)
        function = Function(name="f", topics=("run.stop-requested",), timeout=-4.9, retry=patient)
        await deliver(bench, function, 1)
    assert len(bench.bus.buried) == 1
    assert isinstance(bench.facts, InMemoryFactLog)
    assert bench.facts.metered == []
    assert received(bench, "f") == 2
