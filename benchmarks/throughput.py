"""Throughput: empty invocations per second, end to end, beside Ray's empty tasks.

An invocation is a fact: published, on disk before its publisher goes on, delivered, invoked,
acknowledged. `N in flight`: that many are published and have not been entered yet. The clock stops
when the broker holds nothing that is not acknowledged. Ray gets `ray.get` of N tasks at a time, and
as many workers as there are cores; it keeps nothing on disk. One replica here, warm; Ray's workers
are warm too. At 512 in flight the metering must tell of every fact once, and of none twice.
"""

import asyncio
import time
from collections import Counter
from functools import partial
from typing import NamedTuple

import msgspec
import uvloop

from benchmarks import pings
from benchmarks.peers import interpreter
from benchmarks.pings import OBJECT, POLICY, Pings
from benchmarks.report import Floor, Row
from benchmarks.samples import ratios
from faastraingym.adapters.stage.connections import Connections
from faastraingym.events.topology.streams import FACTS
from faastraingym.schemas.messages import InvocationCompleted, PolicyUpdated

COUNTS = {1: 512, 8: 2048, 64: 2048, 512: 2048}  # by number in flight
GOAL_AT, CHECKED_AT = 64, 512
SAID, SAID_AT_ONCE = 2048, 64
PATIENCE = 30.0  # seconds
FLOOR = Floor(4000.0, "what one Python client can publish with every message synced")

_row = partial(Row, benchmark="throughput")


class _Consumer(msgspec.Struct):
    num_pending: int
    num_ack_pending: int


_decode_consumer = msgspec.json.Decoder(_Consumer).decode


class Measured(NamedTuple):
    """One repetition, per second: facts published, invocations and Ray's tasks as in COUNTS."""

    said: float
    invocations: list[float]
    tasks: list[float]  # empty: Ray is not installed


def measure(repeat: int) -> list[Row]:
    """Rates, in turn: ours at each number in flight, then Ray's."""
    return rows(uvloop.run(_measure(repeat)))


async def _measure(repeat: int) -> list[Measured]:
    found = []
    async with pings.running() as ping:
        await _invocations(ping, "warm-up", GOAL_AT)
        for again in range(repeat):
            ours = [await _invocations(ping, f"{n}-in-flight-{again}", n) for n in COUNTS]
            said = await _said(ping.held, f"said-{again}")
            found.append(Measured(said, ours, await asyncio.to_thread(_tasks)))
    return found


async def _invocations(ping: Pings, run: str, in_flight: int) -> float:
    slots = asyncio.Semaphore(in_flight)

    async def one(index: int) -> None:
        async with slots:
            await ping.fact(run, index)
            await ping.arrivals.next()

    count = COUNTS[in_flight]
    begun = time.perf_counter()
    await asyncio.gather(*map(one, range(count)))
    await _settled(ping.held)
    rate = count / (time.perf_counter() - begun)
    if in_flight == CHECKED_AT:
        check(await _metered(ping.held, run, count), count)
    return rate


async def _settled(held: Connections) -> None:
    """Until every fact is acknowledged.

    Raises:
        TimeoutError: that takes long.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await held.broker.api(f"CONSUMER.INFO.{FACTS.name}.fact-ping")
            consumer = _decode_consumer(answer)
            if not consumer.num_pending and not consumer.num_ack_pending:
                return


async def _metered(held: Connections, run: str, count: int) -> list[InvocationCompleted]:
    """What a run's invocations say; stages do not wait until the broker has it."""
    until = time.monotonic() + PATIENCE
    while len(usage := await held.services.facts.usage(run)) < count:
        if time.monotonic() > until:
            break
    return usage


def check(metered: list[InvocationCompleted], count: int) -> None:
    """Whether every fact was invoked once.

    Raises:
        RuntimeError: one was not, or twice.
    """
    times = Counter(usage.index for usage in metered if usage.status == 200)
    lost = [index for index in range(count) if not times[index]]
    twice = [index for index in range(count) if times[index] > 1]
    if lost or twice:
        raise RuntimeError(f"{len(lost)} of {count} facts lost: {lost[:9]}; twice: {twice[:9]}")


async def _said(held: Connections, run: str) -> float:
    """Facts/s that nobody hears, 64 waiting for the disk at once."""
    slots = asyncio.Semaphore(SAID_AT_ONCE)

    async def one(version: int) -> None:
        policy = msgspec.structs.replace(POLICY, version=version)
        fact = PolicyUpdated(run=run, manifest=OBJECT, policy=policy, rollouts=0, evaluate=False)
        async with slots:
            await held.services.facts.publish_once(fact)

    begun = time.perf_counter()
    await asyncio.gather(*map(one, range(SAID)))
    return SAID / (time.perf_counter() - begun)


def _tasks() -> list[float]:
    if not interpreter.installed("ray"):
        return []
    rates: list[float] = interpreter.run("ray_process", msgspec.json.encode(COUNTS).decode())
    return rates


def rows(found: list[Measured]) -> list[Row]:
    """Rates of each number in flight, and what part of Ray's they are."""
    made = []
    for number, in_flight in enumerate(COUNTS):
        ours = [one.invocations[number] for one in found]
        theirs = [one.tasks[number] for one in found if one.tasks]
        note = "none lost, none twice" if in_flight == CHECKED_AT else ""
        missing = "" if theirs else interpreter.MISSING
        goal = 1.0 if in_flight == GOAL_AT else None
        made += [
            _row(what=f"invocations, {in_flight} in flight", unit="1/s", samples=ours, note=note),
            _row(what="  Ray's empty tasks", unit="1/s", samples=theirs, note=missing),
            _row(
                what="  invocations / tasks",
                unit="x",
                samples=ratios(ours, theirs) if theirs else [],
                at_least=goal,
                note=missing,
            ),
        ]
    said = [one.said for one in found]
    note = f"{SAID_AT_ONCE} at once, each on disk"
    return [*made, _row(what="facts published", unit="1/s", samples=said, floor=FLOOR, note=note)]
