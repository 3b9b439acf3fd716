"""Hops: what it takes until a stage is entered, with nothing else going on.

A fact's hop begins before it is published; a command's before its POST to /async-function. Both
end where a stage's handler begins: signature verified, message decoded. Warm: 50 hops of each kind
come first, and are not counted. 5 ms of rest between hops, so that a hop does not wait for the
settling of the one before. `load`: 64 facts in flight, one replica, until all have arrived.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import uvloop

from adapters.connections import Connections
from adapters.signing import sign
from benchmarks import stacks
from benchmarks.functions.ping.arrivals import Arrival, Arrivals, listening
from benchmarks.gateways import Door
from benchmarks.report import Row
from benchmarks.samples import percentile
from events.commands import Invocation
from schemas import messages
from schemas.messages import CollectRollout, EpisodeSummary, RolloutCompleted
from schemas.references import ObjectRef, PolicyRef, TrajectoryRef

WARM_UP, HOPS, LOAD, IN_FLIGHT = 50, 300, 2000, 64
REST = 0.005  # seconds
MS = 1e6  # ns

OBJECT = ObjectRef(bucket="faastraingym", key="runs/hops/object", size=4096, sha256="0" * 64)
POLICY = PolicyRef(version=1, policy=OBJECT, learner=OBJECT, env_steps=256)
TRAJECTORY = TrajectoryRef(version=1, index=0, object=OBJECT)

Send = Callable[[str], Awaitable[object]]  # the hop's name


class Hop(NamedTuple):
    """Unix times in ns."""

    begun: int
    accepted: int  # the broker has it durably
    arrival: Arrival


class Parts(NamedTuple):
    """A hop in ms; `queue` to `enter` follow each other and add up to `whole`."""

    whole: float
    queue: float  # publish, broker, queue-worker, request to the gateway
    gateway: float  # gateway, provider, HTTP to the replica
    enter: float  # signature, decoding
    accept: float  # beside them: until the publisher's call has returned


def parts(hop: Hop) -> Parts:
    """Where a hop's time went."""
    begun, accepted, arrival = hop
    return Parts(
        whole=(arrival.entered - begun) / MS,
        queue=(arrival.at_gateway - begun) / MS,
        gateway=(arrival.at_replica - arrival.at_gateway) / MS,
        enter=(arrival.entered - arrival.at_replica) / MS,
        accept=(accepted - begun) / MS,
    )


def measure(repeat: int) -> list[Row]:
    """Hop latency of facts and commands, and throughput."""
    rows: list[Row] = uvloop.run(_measure(repeat))
    return rows


async def _measure(repeat: int) -> list[Row]:
    async with listening() as (arrivals, address):
        variables = {
            **stacks.KEPT_WARM,
            "FAASTRAIN_STACK": str(stacks.CHECKOUT / "benchmarks" / "stack.yml"),
            "FTG_BENCHMARK_ADDRESS": address,
        }
        with stacks.running(variables) as state:
            Door(state).invoke("ping", b"", {}, 400)  # unsigned: it starts, and refuses
            key = stacks.settings(state).signing_key
            async with stacks.connected(state) as held:
                fact, command = _fact(held), _command(held, key)
                await _hops(fact, arrivals, "warm-fact", WARM_UP)
                await _hops(command, arrivals, "warm-command", WARM_UP)
                facts, commands, rates = [], [], []
                for again in range(repeat):
                    facts.append(await _hops(fact, arrivals, f"fact-{again}", HOPS))
                    commands.append(await _hops(command, arrivals, f"command-{again}", HOPS))
                    rates.append(await _load(fact, arrivals, f"load-{again}"))
    return [
        *latencies("fact", facts, goals=(1.5, 5.0)),
        *latencies("command", commands),
        Row(
            benchmark="hops",
            what=f"facts delivered, {IN_FLIGHT} in flight",
            unit="1/s",
            samples=rates,
            note=f"{LOAD:,} to one replica: publish, deliver, invoke",
        ),
    ]


def _fact(held: Connections) -> Send:
    async def send(name: str) -> None:
        fact = RolloutCompleted(
            run=name,
            manifest=OBJECT,
            policy=POLICY,
            trajectory=TRAJECTORY,
            env_steps=256,
            episodes=EpisodeSummary(),
        )
        await held.services.facts.say(fact)

    return send


def _command(held: Connections, key: bytes) -> Send:
    async def send(name: str) -> None:
        message = CollectRollout(run=name, manifest=OBJECT, policy=POLICY, index=0)
        body = messages.encode(message)
        signature = sign(key, "ping", body, time.time())
        await held.commands.invoke(Invocation("ping", message), body, signature)

    return send


async def _hops(send: Send, arrivals: Arrivals, name: str, count: int) -> list[Hop]:
    hops = []
    for index in range(count):
        begun = time.time_ns()
        await send(f"{name}-{index}")
        accepted = time.time_ns()
        hops.append(Hop(begun, accepted, await arrivals.next()))
        await asyncio.sleep(REST)
    return hops


async def _load(send: Send, arrivals: Arrivals, name: str) -> float:
    """Facts that have arrived per second."""
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def one(index: int) -> None:
        async with slots:
            await send(f"{name}-{index}")
            await arrivals.next()

    begun = time.perf_counter()
    await asyncio.gather(*map(one, range(LOAD)))
    return LOAD / (time.perf_counter() - begun)


def latencies(
    kind: str, repetitions: list[list[Hop]], goals: tuple[float, float] | None = None
) -> list[Row]:
    """p50 and p99 of each repetition, and the medians of the parts."""
    split = [[parts(hop) for hop in hops] for hops in repetitions]

    def row(part: str, q: int, what: str, goal: float | None = None, note: str = "") -> Row:
        values = [percentile([getattr(p, part) for p in hops], q) for hops in split]
        return Row(benchmark="hops", what=what, unit="ms", samples=values, at_most=goal, note=note)

    fifty, ninety_nine = goals or (None, None)
    note = f"{len(split[0])} hops a repetition, {len(os.sched_getaffinity(0))} cores"
    return [
        row("whole", 50, f"{kind} -> handler, p50", fifty, note),
        row("whole", 99, f"{kind} -> handler, p99", ninety_nine),
        row("queue", 50, "  of which broker and queue-worker, p50"),
        row("gateway", 50, "  of which gateway to replica, p50"),
        row("enter", 50, "  of which signature and decoding, p50"),
        row("accept", 50, f"  beside: {kind} accepted durably, p50"),
    ]
