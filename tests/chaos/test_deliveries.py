"""The interposer: passes requests on, twice or late or out of order while it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from tests.chaos.deliveries import Deliveries

CALM = 0.05  # seconds between requests whose order counts


class Received:
    """A gateway that answers with what it heard."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    async def serve(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.text())
        return web.Response(text=f"{request.path} {self.bodies[-1]}", headers={"X-Call-Id": "7"})


@asynccontextmanager
async def interposed() -> AsyncIterator[tuple[Received, Deliveries, aiohttp.ClientSession]]:
    received = Received()
    application = web.Application()
    application.router.add_post("/{path:.*}", received.serve)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    deliveries = Deliveries(lambda: f"http://127.0.0.1:{runner.addresses[0][1]}")
    async with (
        deliveries.serving() as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        yield received, deliveries, session
    await runner.cleanup()


async def _post(session: aiohttp.ClientSession, body: str) -> str:
    async with session.post("/function/rollout", data=body) as answer:
        assert answer.headers["X-Call-Id"] == "7"
        return await answer.text()


async def test_what_is_not_troubled_passes_once() -> None:
    async with interposed() as (received, _, session):
        assert await _post(session, "a") == "/function/rollout a"
    assert received.bodies == ["a"]


async def test_duplicates_come_later() -> None:
    async with interposed() as (received, deliveries, session):
        trouble = asyncio.create_task(deliveries.trouble("duplicate", 0.2, 0.5))
        await asyncio.sleep(0)
        assert await _post(session, "a") == "/function/rollout a"
        assert await trouble == 1
        async with asyncio.timeout(10):
            while received.bodies != ["a", "a"]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_of_one_window_the_newest_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.chaos.deliveries.WINDOW", 1.5)  # machines pause
    async with interposed() as (received, deliveries, session):
        trouble = asyncio.create_task(deliveries.trouble("reorder", 2.0, 0.5))
        posts = []
        for body in "abc":
            await asyncio.sleep(CALM)
            posts.append(asyncio.create_task(_post(session, body)))
        assert await asyncio.gather(*posts) == [f"/function/rollout {body}" for body in "abc"]
        assert await trouble == 3
    assert received.bodies == ["c", "b", "a"]


async def test_a_gateway_that_is_away_gives_no_answer() -> None:
    async with interposed() as (_, deliveries, session):
        deliveries._upstream = lambda: "http://127.0.0.1:9"
        with pytest.raises(aiohttp.ClientError):
            await _post(session, "a")
