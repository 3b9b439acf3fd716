"""A gateway of somebody else's before the stack's functions: what it makes of `/async-function`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from faastraingym.embedded.state import StackFiles
from tests.chaos.deliveries import Deliveries


class ForeignGateway(Deliveries):
    """Invokes functions; answers asynchronous invocations itself, and has them nowhere."""

    def __init__(self, home: Path, answer: int) -> None:
        super().__init__(lambda: self._state().gateway_url)
        self._home, self._answer = home, answer
        self.invoked: set[str] = set()  # paths
        self.queued: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve meanwhile; its URL."""
        async with self.serving() as port:
            yield f"http://127.0.0.1:{port}"

    def _state(self):
        state = StackFiles(self._home).load()
        assert state is not None
        return state

    async def _serve(self, request: web.Request) -> web.Response:
        if request.path.startswith("/async-function/"):
            self.queued.append(request.path)
            return web.Response(status=self._answer)
        self.invoked.add(request.path)
        return await super()._serve(request)
