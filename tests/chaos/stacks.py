"""A stack of its own whose stages reach broker, store and gateway through proxies of ours."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from faastraingym.embedded.state import StackFiles, StackState
from tests.chaos.deliveries import Deliveries
from tests.chaos.injection import Injector
from tests.chaos.proxy import Address, Proxy
from tests.stack.support import Stack


@asynccontextmanager
async def interposed(home: Path, **settings: str) -> AsyncIterator[tuple[Stack, Injector, Proxy]]:
    """The stack, not started, what can be done to it, and its broker wherever that moves.

    A stack that is started anew while somebody has one of its ports takes others.
    """
    where = _Where(home)
    async with AsyncExitStack() as open_now:
        deliveries = Deliveries(lambda: where.now().gateway_url)
        port = await open_now.enter_async_context(deliveries.serving())
        proxies = {
            "broker": Proxy(where.address(lambda state: state.nats_url)),
            "store": Proxy(where.address(lambda state: state.s3_url)),
            "gateway": Proxy(lambda: ("127.0.0.1", port)),
        }
        spared = Proxy(where.address(lambda state: state.nats_url))
        for proxy in (*proxies.values(), spared):
            await open_now.enter_async_context(proxy)
        stack = Stack(
            home,
            FAASTRAIN_NATS_ADVERTISE=f"nats://{proxies['broker'].address}",
            FAASTRAIN_S3_ADVERTISE=f"http://{proxies['store'].address}",
            FAASTRAIN_GATEWAY_ADVERTISE=f"http://{proxies['gateway'].address}",
            **settings,
        )
        yield stack, Injector(stack, proxies, deliveries), spared


class _Where:
    """Where the servers themselves are, as the stack tells of itself."""

    def __init__(self, home: Path) -> None:
        self._files = StackFiles(home)
        self._known: StackState | None = None

    def now(self) -> StackState:
        """While it is down: where it was."""
        self._known = self._files.load() or self._known
        if self._known is None:
            raise ConnectionRefusedError
        return self._known

    def address(self, of: Callable[[StackState], str]) -> Callable[[], Address]:
        """One of them as host and port."""

        def current() -> Address:
            url = urlsplit(of(self.now()))
            return str(url.hostname), int(url.port or 0)

        return current
