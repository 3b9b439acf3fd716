"""The real server that tests of the client share."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web


@pytest.fixture
async def echo() -> AsyncIterator[tuple[str, set[object]]]:
    """A real server's address, and the connections that it saw."""
    seen: set[object] = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.add(request.transport)
        headers = [("X-Twice", "1"), ("X-Twice", "2"), ("X-Target", request.path_qs)]
        body = request.headers.get("X-Said", "").encode() + await request.read()
        if "chunked" in request.query:
            response = web.StreamResponse()
            response.enable_chunked_encoding()
            await response.prepare(request)
            for start in range(0, len(body), 1000):
                await response.write(body[start : start + 1000])
            return response
        status = int(request.query.get("status", "200"))
        found = web.Response(status=status, body=body)
        for name, value in headers:
            found.headers.add(name, value)
        return found

    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site._server.sockets[0].getsockname()[1], seen  # type: ignore[union-attr,misc]
    await runner.cleanup()
