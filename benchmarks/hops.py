"""Hops: what it takes until a stage is entered, with nothing else going on.

A hop, of a fact or a command, begins before it is published and ends where a stage's handler
begins: signature verified, message decoded. Warm: 50 hops of each kind come first, and are not
counted. 5 ms of rest between hops, so that a hop does not wait for the settling of the one before.

Four parts follow each other and add up to the whole:

    publish       until the sender knows that the broker has it on disk; a delivery that overtakes
                  this acknowledgement leaves 0 to the queue-worker
    queue-worker  until the gateway has the queue-worker's request
    gateway       until the replica has the gateway's request
    replica       until the handler begins
"""

import asyncio
import os
import time
from functools import partial
from typing import Any, NamedTuple

import uvloop
from msgspec.structs import replace

from benchmarks import pings
from benchmarks.functions.ping.arrivals import Arrival, Arrivals
from benchmarks.pings import Send
from benchmarks.report import Floor, Row
from benchmarks.samples import percentile

WARM_UP, HOPS = 50, 300
REST = 0.005  # seconds
MS = 1e6  # ns
FLOOR = Floor(1.1, "synced publish to a pull consumer 0.62, a bare proxy before a replica 0.5")

_row = partial(Row, benchmark="hops", unit="ms")


class Hop(NamedTuple):
    """Unix times in ns."""

    begun: int
    accepted: int  # the broker has it durably
    arrival: Arrival


class Parts(NamedTuple):
    """A hop in ms; the parts add up to `whole`."""

    whole: float
    publish: float
    queue_worker: float
    gateway: float
    replica: float


def parts(hop: Hop) -> Parts:
    """Where a hop's time went."""
    begun, accepted, arrival = hop
    accepted = min(accepted, arrival.at_gateway)
    return Parts(
        whole=(arrival.entered - begun) / MS,
        publish=(accepted - begun) / MS,
        queue_worker=(arrival.at_gateway - accepted) / MS,
        gateway=(arrival.at_replica - arrival.at_gateway) / MS,
        replica=(arrival.entered - arrival.at_replica) / MS,
    )


def measure(repeat: int) -> list[Row]:
    """Hop latency of facts and commands, in turn."""
    facts, commands = uvloop.run(_measure(repeat))
    whole, *others = latencies("fact", facts, goals=(1.5, 5.0))
    return [replace(whole, floor=FLOOR), *others, *latencies("command", commands)]


async def _measure(repeat: int) -> tuple[list[list[Hop]], list[list[Hop]]]:
    facts, commands = [], []
    async with pings.running() as ping:
        await _hops(ping.fact, ping.arrivals, "warm-fact", WARM_UP)
        await _hops(ping.command, ping.arrivals, "warm-command", WARM_UP)
        for again in range(repeat):
            facts.append(await _hops(ping.fact, ping.arrivals, f"fact-{again}", HOPS))
            commands.append(await _hops(ping.command, ping.arrivals, f"command-{again}", HOPS))
    return facts, commands


async def _hops(send: Send, arrivals: Arrivals, run: str, count: int) -> list[Hop]:
    hops = []
    for index in range(count):
        begun = time.time_ns()
        await send(run, index)
        accepted = time.time_ns()
        hops.append(Hop(begun, accepted, await arrivals.next()))
        await asyncio.sleep(REST)
    return hops


def latencies(
    kind: str, repetitions: list[list[Hop]], goals: tuple[float | None, float | None] = (None, None)
) -> list[Row]:
    """p50 and p99 of each repetition: of the whole, then of its parts."""
    split = [[parts(hop) for hop in hops] for hops in repetitions]
    note = f"{len(split[0])} hops a repetition, {len(os.sched_getaffinity(0))} cores"

    def row(part: str, what: str, q: int, **more: Any) -> Row:
        values = [percentile([getattr(p, part) for p in hops], q) for hops in split]
        return _row(what=f"{what}, p{q}", samples=values, **more)

    whole = [
        row("whole", f"{kind} -> handler", q, at_most=goal, note=note)
        for q, goal in zip((50, 99), goals, strict=True)
    ]
    names = ((part, f"  {part.replace('_', '-')}") for part in Parts._fields[1:])
    return [*whole, *(row(part, what, q) for part, what in names for q in (50, 99))]
