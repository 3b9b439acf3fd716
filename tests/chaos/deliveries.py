"""Stands between the gateway and the queue-worker: what passes comes twice, late, out of order.

Facts and commands alike are deliveries here.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from faastraingym.embedded.contract import http
from faastraingym.embedded.contract.headers import end_to_end
from faastraingym.embedded.contract.messages import Response

LATEST_COPY = 2.0  # seconds
LONGEST_DELAY = 1.0
WINDOW = 0.3
BLAME = (400, 401, 404, 409, 413, 422, 500)  # nobody is merely away or busy

Forward = Callable[[], Awaitable[web.Response]]


class Deliveries:
    """Passes requests on to `upstream`, which is asked every time; trouble while it is told to."""

    def __init__(self, upstream: Callable[[], str]) -> None:
        self._upstream = upstream
        self._troubles: list[tuple[str, random.Random]] = []
        self._held: list[asyncio.Future[None]] = []
        self._copies: set[asyncio.Task[None]] = set()
        self.touched = 0  # requests that came twice, late or out of order
        self.blamed: list[str] = []  # answers to late copies that say that the request is wrong

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Serve meanwhile; the port."""
        application = web.Application(client_max_size=1 << 20)
        application[http.LIMITS] = http.DEFAULT_LIMITS
        application.router.add_route("*", "/{path:.*}", self._serve)
        runner = http.runner(application)
        await runner.setup()
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), auto_decompress=False
        ) as self._session:
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                yield runner.addresses[0][1]
            finally:
                for copy in self._copies:
                    copy.cancel()
                await runner.cleanup()

    async def trouble(self, kind: str, seconds: float, draw: float) -> int:
        """Trouble everything that passes for so long; how many requests that were."""
        before, trouble = self.touched, (kind, random.Random(draw))
        self._troubles.append(trouble)
        await asyncio.sleep(seconds)
        self._troubles.remove(trouble)
        return self.touched - before

    async def _serve(self, request: web.Request) -> web.Response:
        body = await request.read()

        async def forward() -> web.Response:
            return await self._forward(request, body)

        for kind, chance in list(self._troubles):
            self.touched += 1
            if kind == "duplicate":
                self._repeat(forward, chance.uniform(0.0, LATEST_COPY))
            elif kind == "delay":
                await asyncio.sleep(chance.uniform(0.0, LONGEST_DELAY))
            else:
                await self._overtaken()
        try:
            return await forward()
        except (aiohttp.ClientError, OSError):
            if request.transport is not None:  # the gateway is away: no answer, as without us
                request.transport.abort()
            return web.Response(status=503)

    def _repeat(self, forward: Forward, seconds: float) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            with contextlib.suppress(aiohttp.ClientError, OSError):  # nobody waits for the answer
                answer = await forward()
                if answer.status in BLAME:
                    self.blamed.append(f"{answer.status} {answer.text}")

        copy = asyncio.create_task(later())
        self._copies.add(copy)
        copy.add_done_callback(self._copies.discard)

    async def _overtaken(self) -> None:
        """Wait for the window to close; its requests then go on newest first."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.append(turn)
        if len(self._held) == 1:
            asyncio.get_running_loop().call_later(WINDOW, self._release)
        await turn

    def _release(self) -> None:
        held, self._held = self._held, []
        for place, turn in enumerate(reversed(held)):
            asyncio.get_running_loop().call_later(0.01 * place, _open, turn)

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        async with self._session.request(
            request.method,
            f"{self._upstream()}{request.rel_url}",
            headers=end_to_end(request.headers.items()),
            data=body,
            allow_redirects=False,
        ) as answer:
            headers = end_to_end(answer.headers.items())
            return http.answer(Response(answer.status, headers, await answer.read()))


def _open(turn: asyncio.Future[None]) -> None:
    if not turn.done():  # its request may have been cancelled
        turn.set_result(None)
