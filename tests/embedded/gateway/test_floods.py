"""What all connections share is spent: who is refused, who is not, and what comes back."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from faastraingym.embedded.contract.budget import OWN, PATIENCE, Budget
from faastraingym.embedded.contract.connections import MOST_OVERHEAD
from faastraingym.embedded.contract.http import DEFAULT_LIMITS
from faastraingym.embedded.contract.serving import listening
from faastraingym.embedded.gateway.app import application as gateway_application
from faastraingym.embedded.provider.api import application as provider_application
from faastraingym.embedded.provider.provider import ProcessProvider
from tests.embedded.gateway.test_fast_path import Client, Functions, client, halved, posting, served
from tests.embedded.support import PASSWORD, MemoryQueue, deployment, free_port, launch

LONG, MESSAGE = 1 << 20, 200_000


def unfinished(size: int = LONG) -> bytes:
    """All but the last byte."""
    return posting("/function/echo", body=b"x" * size)[:-1]


async def until(so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20.0):
        while not await so():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)


async def metric(port: int, line: str) -> float:
    async with client(port) as one:
        _, text = await one.ask(posting("/metrics", method="GET"))
    found = re.search(rf"^{re.escape(line)} (\S+)$", text.decode(), re.MULTILINE)
    assert found, line
    return float(found[1])


async def test_long_bodies_are_refused_and_small_ones_are_not(tmp_path: Path) -> None:
    """Messages neither, in one piece or two; it is free again when their senders are gone."""
    budget = Budget(tmp_path, spool=3 * LONG)
    async with served(Functions(), budget=budget) as port:
        async with AsyncExitStack() as stack:
            for _ in range(3):
                one = await stack.enter_async_context(client(port))
                await one.send(unfinished())
            await until(lambda: _spooled(budget, 3 * LONG - 3))
            async with client(port) as late:
                await late.send(unfinished())
                head = await late.reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 5\r\n" in head
            for small in (posting("/function/echo", body=b"x" * size) for size in (2, MESSAGE)):
                async with client(port) as whole, client(port) as pieces:
                    assert (await whole.ask(small))[0] == 200
                    assert (await pieces.ask(*halved(small)))[0] == 200
            assert (
                await metric(
                    port, 'faastrain_gateway_refused_total{function_name="",reason="bodies"}'
                )
                == 1
            )
            assert await metric(port, 'faastrain_gateway_body_bytes{place="disk"}') == 3 * LONG - 3
        await until(lambda: _spooled(budget, 0))
        async with client(port) as again:
            assert (await again.ask(unfinished() + b"x"))[0] == 200
    assert (budget.memory, budget.shared, budget.spooled) == (0, 0, 0)


async def test_a_declared_length_takes_nothing_before_it_arrives(tmp_path: Path) -> None:
    """Who says much and sends nothing locks nobody out."""
    budget = Budget(tmp_path, spool=LONG)
    async with served(Functions(), budget=budget) as port, AsyncExitStack() as stack:
        for _ in range(20):
            silent = await stack.enter_async_context(client(port))
            await silent.send(unfinished()[:200])
        async with client(port) as one:
            assert (await one.ask(unfinished(LONG // 2) + b"x"))[0] == 200


async def _spooled(budget: Budget, size: int) -> bool:
    return budget.spooled == size


@pytest.mark.parametrize("plain", [True, False])
async def test_one_connection_too_many_is_503_and_closed(tmp_path: Path, plain: bool) -> None:
    """Those that are being answered go on, whoever serves them; a place that is left is taken."""
    functions, request = Functions(), posting("/function/echo", body=b"hi")
    functions.may_answer.clear()
    async with served(functions, budget=Budget(tmp_path, connections=2)) as port:
        async with client(port) as first, client(port) as second:
            for number, one in enumerate((first, second)):
                await one.send(*((request,) if plain else halved(request)))
                await until(partial(_asked, functions, number + 1))
            async with client(port) as third:
                text = (await third.reader.read()).decode()
            assert text.startswith("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n")
            assert text.endswith("\r\n\r\nToo many connections are open. Try again.\n")
            functions.may_answer.set()
            for one in (first, second):
                assert await one.status() == 200
        await until(lambda: _serves(port, request))
        assert (
            await metric(
                port, 'faastrain_gateway_refused_total{function_name="",reason="connections"}'
            )
            >= 1
        )
        assert await metric(port, "faastrain_gateway_connections") == 1


@pytest.mark.parametrize("sent", [b"", b"POST /function/ec", unfinished(), b"whole"])
async def test_who_only_holds_a_connection_locks_nobody_out(tmp_path: Path, sent: bytes) -> None:
    """Whoever has waited longest for its own client gives way, after a second."""
    budget, request = Budget(tmp_path, connections=3), posting("/function/echo", body=b"hi")
    async with served(Functions(), budget=budget) as port, AsyncExitStack() as stack:
        held = [await stack.enter_async_context(client(port)) for _ in range(3)]
        for one in held:
            if sent == b"whole":
                assert (await one.ask(request))[0] == 200
            else:
                await one.send(sent)
        await until(partial(_open, budget, 3))
        await asyncio.sleep(PATIENCE)
        async with client(port) as late, client(port) as later:
            for newcomer in (late, later, late):
                assert (await newcomer.ask(request))[0] == 200
        with suppress(ConnectionError):
            await held[0].closed()
        assert len(budget.open) <= 3


async def _asked(functions: Functions, count: int) -> bool:
    return len(functions.calls) == count


async def _open(budget: Budget, count: int) -> bool:
    return len(budget.open) == count


async def _serves(port: int, request: bytes) -> bool:
    async with client(port) as one:
        await one.send(request)
        return await one.status() == 200


@asynccontextmanager
async def providing(home: Path, budget: Budget, idle: float) -> AsyncIterator[tuple[int, int]]:
    """Real replicas of `echo` and `large`: a gateway's port, and the provider's own."""
    provider = ProcessProvider(launch(home), budget)
    await provider.start()
    limits = DEFAULT_LIMITS._replace(idle_seconds=idle)
    gateway, own = free_port(), free_port()
    theirs = provider_application(provider, PASSWORD, limits, budget)
    ours = gateway_application(provider, MemoryQueue(), PASSWORD, limits, budget=budget)
    try:
        for name in ("echo", "large"):
            await provider.deploy(deployment(name))
        async with (
            listening(ours, "127.0.0.1", gateway),
            listening(theirs, "127.0.0.1", own),
        ):
            yield gateway, own
    finally:
        await provider.close()


async def test_long_answers_that_are_not_read_are_cut_off(tmp_path: Path) -> None:
    """At both ports, on both paths; those that are read arrive whole."""
    budget, request = Budget(tmp_path), posting("/function/large", body=b"4096")
    expected = b"".join(n.to_bytes(4, "big") * 256 for n in range(4096))
    async with providing(tmp_path, budget, idle=1.0) as ports:
        for port, pieces in ((ports[0], (request,)), *((port, halved(request)) for port in ports)):
            async with client(port) as reader:
                assert await reader.ask(*pieces) == (200, expected)
            assert budget.spooled == 0
            async with client(port) as idle:
                idle.writer.transport.pause_reading()  # type: ignore[attr-defined]
                await idle.send(*pieces)
                await until(lambda: _spooled(budget, len(expected)))
                await until(lambda: _spooled(budget, 0))
        body = posting("/function/echo", body=expected)
        for port in ports:
            async with client(port) as one:
                assert await one.ask(body) == (200, expected)
    assert (budget.memory, budget.spooled, len(budget.open)) == (0, 0, 0)


async def test_an_answer_without_room_is_503(tmp_path: Path) -> None:
    budget = Budget(tmp_path, spool=LONG)
    async with providing(tmp_path, budget, idle=5.0) as (port, _), client(port) as one:
        status, text = await one.ask(posting("/function/large", body=b"2000"))
        assert (status, b"that all share" in text) == (503, True)
        assert (await one.ask(posting("/function/large", body=b"1000")))[0] == 200


@pytest.mark.parametrize("first", [b"", posting("/function/echo", body=b"hi")])
@pytest.mark.parametrize("chunked", [True, False])
async def test_what_is_neither_request_nor_body_is_bounded(first: bytes, chunked: bool) -> None:
    """Heads and trailers that grow in small pieces; the first request was another one."""
    opening = "Transfer-Encoding: chunked\r\n\r\n0\r\n" if chunked else ""
    async with served(Functions()) as port, client(port) as one:
        if first:
            assert (await one.ask(*halved(first)))[0] == 200
        await one.send(f"POST /function/echo HTTP/1.1\r\nHost: x\r\n{opening}".encode())
        assert await _taken(one, b"a: " + b"b" * 4000 + b"\r\n") <= MOST_OVERHEAD + 4 * OWN


async def _taken(one: Client, line: bytes) -> int:
    """Bytes of such lines that were sent before the connection was ended."""
    sent = 0
    with suppress(ConnectionError):
        while not one.reader.at_eof() and sent < 10 * MOST_OVERHEAD:
            await one.send(line)
            await asyncio.sleep(0.005)
            sent += len(line)
    return sent
