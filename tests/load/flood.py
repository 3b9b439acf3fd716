"""A flood of unsigned requests: the disk grows within its bound, and a run beside it is as ever."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Row
from faastraingym.adapters.http.client import HttpClient, locate
from faastraingym.adapters.nats.direct import read_all
from faastraingym.algorithms.registry import parse
from faastraingym.events.pipeline import subjects
from faastraingym.events.topology.streams import DEAD, MIB, OPEN
from tests.stack.facts import until
from tests.stack.specs import LONG, SHORT, undisturbed
from tests.stack.support import Stack

from . import guests
from .runs import Bench, ended, messages, none, request, seconds
from .sizes import FULL, Size

NAME = "flood"
BODY = 180_000  # bytes
AT_ONCE = 4
EVERY = 0.5  # seconds between two looks at the disk
# docs/reliability.md: nothing of what a stage of ours is sent is kept, so what grows is the run's
# own and logs; what anybody may ask waits in FTG_OPEN, whose last blocks go when they are empty.
OWN = 48 * MIB
STAGE = "conclude-run"


class Flooded(NamedTuple):
    """What became of one flood."""

    statuses: Counter[int]
    seconds: float
    growth: int  # bytes of the home, at most while it went on


async def measure(at: Bench, size: Size) -> list[Row]:
    """To a stage of ours, then to a function that anybody may ask, each with a run beside it."""
    spec = LONG if size == FULL else SHORT
    alone = await undisturbed(spec)
    rows, differ = [], 0
    for function, expected in ((STAGE, {401}), (guests.NAME, {202, 429})):
        run = f"beside-{function}"
        await request(at, run, parse(spec))
        flooded, over = await asyncio.gather(
            flood(at.stack, function, size.flood), ended(at, run, parse(spec))
        )
        differ += over.sha256 != alone
        most = OWN + (0 if function == STAGE else OPEN.max_bytes)
        rows += _rows(function, flooded, expected, most, seconds(over))
        await until(_empty(at))
    ours = await read_all(at.broker, DEAD.name, subjects.of_dead_letter("*"))
    return [
        *rows,
        none(NAME, "SHA-256 other than undisturbed", differ),
        none(NAME, "dead letters of the pipeline", len(ours)),
        none(NAME, "payloads kept of strangers", await _payloads(at)),
    ]


async def flood(stack: Stack, function: str, count: int) -> Flooded:
    """Post `count` bodies, several at once, and look at the home's disk meanwhile."""
    address, _ = locate(stack.up().gateway_url)
    before, most = du(stack.home), 0
    numbers, statuses = iter(range(count)), Counter[int]()

    async def post() -> None:
        async with HttpClient(address) as client:
            for _ in numbers:
                body = os.urandom(BODY)
                reply = await client.request("POST", f"/async-function/{function}", (), body)
                statuses[reply.status] += 1

    async def look() -> None:
        nonlocal most
        while True:
            most = max(most, await asyncio.to_thread(du, stack.home))
            await asyncio.sleep(EVERY)

    began = time.perf_counter()
    looking = asyncio.create_task(look())
    try:
        await asyncio.gather(*(post() for _ in range(AT_ONCE)))
    finally:
        looking.cancel()
    took = time.perf_counter() - began
    return Flooded(statuses, took, max(most, du(stack.home)) - before)


def du(folder: Path) -> int:
    """Bytes on disk of all files below."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
            except FileNotFoundError:  # as quickly as a block of a stream goes
                continue
    return total


def _rows(function: str, flooded: Flooded, expected: set[int], most: int, took: float) -> list[Row]:
    told = ", ".join(f"{n} x {status}" for status, n in sorted(flooded.statuses.items()))
    unexpected = sum(n for status, n in flooded.statuses.items() if status not in expected)
    return [
        Row(
            benchmark=NAME,
            what=f"{flooded.statuses.total()} requests to {function}",
            unit="s",
            samples=[flooded.seconds],
            note=told,
        ),
        Row(
            benchmark=NAME,
            what=f"disk grown by, {function}",
            unit="MiB",
            samples=[flooded.growth / MIB],
            at_most=most / MIB,
        ),
        Row(benchmark=NAME, what=f"the run beside {function}", unit="s", samples=[took]),
        none(NAME, f"other answers of {function}", unexpected),
    ]


def _empty(at: Bench) -> Callable[[], Awaitable[bool]]:
    async def empty() -> bool:
        return await messages(at, OPEN) == 0

    return empty


async def _payloads(at: Bench) -> int:
    stored = await read_all(at.broker, DEAD.name, subjects.of_dead_letter("*", subjects.UNSIGNED))
    return sum(len(item.data) > 2048 for item in stored)
