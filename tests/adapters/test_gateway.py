import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from aiohttp import web

from adapters.errors import Refused, Unavailable
from adapters.gateway import GatewayQueue
from events.commands import Invocation
from events.tracing import of_run
from tests.adapters.facts import requested
from tests.servers import free_ports

INVOCATION = Invocation("rollout", requested("r"))


class Gateway(NamedTuple):
    """A gateway that answers with what it is told and remembers what it got."""

    url: str
    answers: list[int]
    got: list[tuple[str, dict[str, str], bytes]]


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    (port,) = free_ports(1)
    fake = Gateway(f"http://127.0.0.1:{port}", [], [])

    async def answer(request: web.Request) -> web.Response:
        fake.got.append((request.path, dict(request.headers), await request.read()))
        return web.Response(status=fake.answers.pop() if fake.answers else 202, text="words")

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield fake
    await runner.cleanup()


@pytest.fixture
async def queue(gateway: Gateway) -> AsyncIterator[GatewayQueue]:
    queue = GatewayQueue(gateway.url)
    yield queue
    await queue.close()


async def test_an_invocation_is_posted(gateway: Gateway, queue: GatewayQueue) -> None:
    """To the function's asynchronous address, with call id, signature and body."""
    await queue.invoke(INVOCATION, b"body", "t=1,v1=0")
    ((path, headers, body),) = gateway.got
    assert (path, body) == ("/async-function/rollout", b"body")
    assert headers["X-Call-Id"] == INVOCATION.call_id
    assert headers["X-Ftg-Signature"] == "t=1,v1=0"
    assert headers["traceparent"] == str(of_run(INVOCATION.message.run))
    assert headers["Content-Type"] == "application/msgpack"


async def test_many_are_posted_at_once(gateway: Gateway, queue: GatewayQueue) -> None:
    """More than there are connections: the others wait for one."""
    invocations = [Invocation("rollout", requested("r"), attempt) for attempt in range(40)]
    await asyncio.gather(*(queue.invoke(each, b"", "s") for each in invocations))
    assert {headers["X-Call-Id"] for _, headers, _ in gateway.got} == {
        each.call_id for each in invocations
    }


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_gateway_in_trouble_is_unavailable(
    gateway: Gateway, queue: GatewayQueue, status: int
) -> None:
    """Trying again later may help."""
    gateway.answers.append(status)
    with pytest.raises(Unavailable, match=f"rollout was not queued.*{status}"):
        await queue.invoke(INVOCATION, b"", "s")


@pytest.mark.parametrize("status", [200, 400, 404, 413])
async def test_a_gateway_that_says_no_is_a_defect(
    gateway: Gateway, queue: GatewayQueue, status: int
) -> None:
    """The error names the function and the answer."""
    gateway.answers.append(status)
    with pytest.raises(Refused, match=f"rollout was not queued.*{status}: words"):
        await queue.invoke(INVOCATION, b"", "s")


async def test_no_gateway_is_unavailable() -> None:
    """The error names the address."""
    (port,) = free_ports(1)
    queue = GatewayQueue(f"http://127.0.0.1:{port}")
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}: rollout"):
        await queue.invoke(INVOCATION, b"", "s")
    await queue.close()
