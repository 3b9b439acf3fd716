"""Floods: a thousand clients that mean no good, while a run trains and small requests are asked."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.report import Row
from faastraingym.algorithms.registry import parse
from faastraingym.embedded.contract.budget import DISK
from faastraingym.schemas.specification import to_dict
from tests.checkout import CHECKOUT
from tests.embedded.attacks import Pieces, ask, head
from tests.stack.specs import SHORT, undisturbed

from .rss import MB, Memory
from .runs import Bench, losses, none, train
from .sizes import Size

NAME = "connections"
BODY = 16 << 20
MOST_MEMORY = 300.0  # MB, of the gateway
GIVEN_BACK = 1.5  # times what it had before
MINUTE = 60.0  # seconds until then
AGAIN = 0.05  # seconds between two looks, and two questions
FUNCTION = "/function/rollout"
PIECE = b"a" * (64 << 10)


def _bodies(path: str) -> Iterator[bytes]:
    """All but the last piece of the largest body."""
    whole = repeat(PIECE, BODY // len(PIECE) - 1)
    return chain([head(path, f"Content-Length: {BODY}")], whole)


def _heads(path: str) -> Iterator[bytes]:
    """Headers without end."""
    return chain([f"POST {path} HTTP/1.1\r\n".encode()], repeat(b"a: " + b"b" * 1000 + b"\r\n"))


def _questions(_: str) -> Iterator[bytes]:
    """Answers of a megabyte and more, pipelined."""
    return repeat(head("/openapi.json", method="GET"), 64)


class Flood(NamedTuple):
    """Clients, as many as `share` says of the scenario's size."""

    pieces: Pieces
    share: float = 1.0
    pause: float = 0.0  # seconds after each piece
    reads: bool = True


FLOODS = {
    "unfinished bodies": Flood(_bodies),
    "dribbled heads": Flood(_heads, pause=0.5),
    "unread answers": Flood(_questions, share=0.4, reads=False),
}


class Seen:
    """What was seen of the gateway from outside, in MB and bytes."""

    def __init__(self, at: Bench, start: float) -> None:
        state = at.stack.up()
        self.port = urlsplit(state.gateway_url).port or 0
        self.memory, self.start = Memory(state.children["gateway"].pid), start
        self.disk, self.recovered = 0, MINUTE
        self.answers: list[int] = []  # to what was asked meanwhile
        self._files = Path(f"/proc/{state.children['gateway'].pid}/fd")
        self._home = str(at.stack.home)

    async def look(self) -> None:
        """Memory and disk, for ever."""
        while True:
            self.memory.peak = max(self.memory.peak, self.memory.now())
            self.disk = max(self.disk, self.spooled())
            await asyncio.sleep(AGAIN)

    async def ask(self) -> None:
        """Something small, for ever."""
        while True:
            self.answers.append(await ask(self.port, FUNCTION))
            await asyncio.sleep(AGAIN)

    async def recover(self) -> None:
        """Until most of the memory and all of the disk was given back; a minute at the most."""
        began = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(MINUTE):
                most = GIVEN_BACK * self.start
                while self.memory.now() > most or self.spooled():  # noqa: ASYNC110  nobody tells
                    await asyncio.sleep(AGAIN)
                self.recovered = time.monotonic() - began
        self.memory.after = self.memory.now()

    def spooled(self) -> int:
        """Bytes of the files in the home that it has open and that have no name."""
        found = 0
        for descriptor in self._files.iterdir():
            with suppress(OSError):  # closed meanwhile
                name = str(descriptor.readlink())
                if name.startswith(self._home) and name.endswith("(deleted)"):
                    found += descriptor.stat().st_size
        return found


async def measure(at: Bench, size: Size) -> list[Row]:
    """Memory and disk bounded and given back; everybody else is served."""
    spec = parse({**SHORT, "stop": {"env_steps": size.clients_steps}})
    sha256 = await undisturbed(to_dict(spec))
    start = Memory(at.stack.up().children["gateway"].pid).before
    rows: list[Row] = []
    for name, flood in FLOODS.items():
        seen, count = Seen(at, start), int(flood.share * size.clients)
        async with _meanwhile(seen.look(), seen.ask()):
            running = asyncio.create_task(train(at, f"flood-{name.split()[1]}", spec))
            await _elsewhere(name, seen.port, count, size.clients_seconds)
            run, _ = await asyncio.gather(running, seen.recover())
        rows += [
            *_rows(f"{count} of {name}", seen),
            none(NAME, "  SHA-256 other than undisturbed", run.sha256 != sha256),
            *await losses(at, NAME, run),
        ]
    return rows


async def _elsewhere(*arguments: object) -> None:
    """The clients in a process of their own, or we would look on through their eyes."""
    command = [sys.executable, "-m", "tests.load.connections", *map(str, arguments)]
    process = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT)
    try:
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()


async def clients(name: str, port: int, count: int, seconds: float) -> None:
    """Flood for so long."""
    until = time.monotonic() + seconds
    await asyncio.gather(*(_client(FLOODS[name], port, until) for _ in range(count)))


async def _client(flood: Flood, port: int, until: float) -> None:
    """Attack, again after each answer, until the time is over."""
    while (left := until - time.monotonic()) > 0:
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(left):
                await _attack(flood, port)


async def _attack(flood: Flood, port: int) -> None:
    """Send everything; then wait until the server ends it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if not flood.reads:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
    try:
        for piece in flood.pieces(FUNCTION):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(flood.pause)
        while await reader.read(1 << 16):
            pass
    finally:
        writer.transport.abort()


@asynccontextmanager
async def _meanwhile(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):  # a cancellation is none
            raise error


def _rows(what: str, seen: Seen) -> list[Row]:
    memory, asked = seen.memory, len(seen.answers)
    unserved = asked - seen.answers.count(400) if asked else 1
    return [
        Row(
            benchmark=NAME,
            what=f"{what}: memory, peak",
            unit="MB",
            samples=[memory.peak],
            at_most=MOST_MEMORY,
            note=f"before {memory.before:.1f}, after {memory.after:.1f}",
        ),
        Row(
            benchmark=NAME,
            what=f"  until it is {GIVEN_BACK:g} x {seen.start:.1f}",
            unit="s",
            samples=[seen.recovered],
            at_most=MINUTE - 1,
        ),
        Row(
            benchmark=NAME,
            what="  disk, peak",
            unit="MB",
            samples=[seen.disk / MB],
            at_most=(DISK + BODY) / MB,
            note="one may end while the others are counted",
        ),
        none(NAME, "  bytes of it left", seen.spooled()),
        none(NAME, f"  of {asked} small requests not served", unserved),
    ]


if __name__ == "__main__":
    _, *given = sys.argv
    asyncio.run(clients(given[0], int(given[1]), int(given[2]), float(given[3])))
