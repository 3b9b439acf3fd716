"""Callers at once, of one server, from this process: how fast they are answered, and at what cost.

Each caller has one request in flight, and sends it again where it is lost. The client is our own
(ADR 19), the same for every server, for it takes little of the cores that it shares with them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks import stacks
from benchmarks.peers import server
from benchmarks.peers.server import Contestant
from benchmarks.samples import percentile
from faastraingym.adapters.http.client import Address, Broken, HttpClient, locate
from faastraingym.adapters.http.wire import MSGPACK
from faastraingym.embedded import credentials, processes
from faastraingym.embedded.state import StackState

UNBOUNDED = {"FTG_CALLER_RATE": "100000"}  # requests a second; all callers have one token here
OK, LOST = 200, 502
AGAIN = {429, LOST, 503, 504}
WAIT, PATIENCE = 0.02, 60.0  # seconds between attempts, and in all

Headers = Sequence[tuple[str, str]]


class Target(NamedTuple):
    """A server under load."""

    address: Address
    headers: Headers
    family: Callable[[], Iterable[psutil.Process]]  # the processes that it takes


class Load(NamedTuple):
    """What a load of requests took."""

    seconds: float
    latencies: list[float]  # seconds, of every request, its repetitions included
    cpu: float  # seconds of the server's processes; less where some of them ended
    again: int  # requests that were sent again

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """The processor time of a request."""
        return 1e3 * self.cpu / len(self.latencies)

    def ms(self, q: float) -> float:
        """The q-th percentile of the latencies."""
        return 1e3 * percentile(self.latencies, q)


class Client:
    """Asks one server, and again where it has no answer."""

    def __init__(self, server: HttpClient, headers: Headers) -> None:
        self._server, self._headers = server, headers
        self.latencies: list[float] = []
        self.again = 0
        self._awaited: dict[int, asyncio.Event] = {}

    async def answered(self, count: int) -> None:
        """Wait until so many are."""
        await self._awaited.setdefault(count, asyncio.Event()).wait()

    async def ask(self, path: str, body: bytes) -> bytes:
        """The body of the answer.

        Raises:
            RuntimeError: it was refused, or did not come in time.
        """
        began = time.perf_counter()
        while True:
            status, answer = await self._attempt(path, body)
            now = time.perf_counter()
            if status == OK:
                self.latencies.append(now - began)
                if len(self.latencies) in self._awaited:
                    self._awaited[len(self.latencies)].set()
                return answer
            if status not in AGAIN or now - began > PATIENCE:
                said = answer[:300].decode(errors="replace")
                raise RuntimeError(f"{path} answered {status}: {said}")
            self.again += 1
            await asyncio.sleep(WAIT)

    async def _attempt(self, path: str, body: bytes) -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await self._server.request("POST", path, self._headers, body)
        except Broken as error:
            return LOST, str(error).encode()
        return reply.status, reply.body


async def loaded(target: Target, callers: Iterable[Callable[[Client], Awaitable[object]]]) -> Load:
    """All callers at once, until each is done."""
    async with HttpClient(target.address) as connections, asyncio.TaskGroup() as group:
        client = Client(connections, target.headers)
        cpu, began = cpu_seconds(target.family()), time.perf_counter()
        tasks = [group.create_task(_done(caller(client))) for caller in callers]
        await asyncio.wait(tasks)
        seconds = time.perf_counter() - began
    return Load(seconds, client.latencies, cpu_seconds(target.family()) - cpu, client.again)


async def _done(caller: Awaitable[object]) -> None:
    await caller


def cpu_seconds(family: Iterable[psutil.Process]) -> float:
    """Processor time that living processes have taken."""
    total = 0.0
    for process in family:
        try:
            used = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system
    return total


@contextmanager
def stack() -> Iterator[tuple[Target, StackState]]:
    """A stack of ours, asked by msgpack."""
    with stacks.running({**stacks.KEPT_WARM, **UNBOUNDED}) as state:
        home = Path(state.home)
        token = credentials.of_home(home / "credentials.json").caller_token
        headers = [("Authorization", f"Bearer {token}"), ("Content-Type", MSGPACK)]
        address, _ = locate(state.gateway_url)
        yield Target(address, headers, lambda: processes.of_stack(home)), state


@contextmanager
def peer(contestant: Contestant, *arguments: str) -> Iterator[Target]:
    """A server of another kind."""
    with server.running(contestant, *arguments) as (port, process):
        yield Target(
            Address("127.0.0.1", port),
            [("Content-Type", MSGPACK)],
            lambda: [process, *process.children(recursive=True)],
        )
