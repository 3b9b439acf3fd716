"""Runs under load: asked for, awaited, and counted from outside when they are over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, NamedTuple

import msgspec

from benchmarks.report import Row
from faastraingym.adapters.nats import broker
from faastraingym.adapters.nats.direct import read_all
from faastraingym.adapters.nats.jetstream import Broker
from faastraingym.client.world import Connected
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Recorded
from faastraingym.events.topology.streams import ASYNC, DEAD, Stream
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    PolicyUpdated,
    ReportWritten,
    RolloutCompleted,
    RunCompleted,
    RunFailed,
    RunRequested,
)
from faastraingym.schemas.specification import RunSpec, to_dict
from tests.chaos.progress import counted
from tests.stack.facts import until
from tests.stack.support import Stack

BUCKET = "faastraingym"
PATIENCE = 300.0  # seconds for a whole run under load


class Bench(NamedTuple):
    """A stack and what it is looked at with."""

    stack: Stack
    connected: Connected
    broker: Broker


class Ended(NamedTuple):
    """A completed run's facts, and the policy that it came to."""

    run: str
    spec: RunSpec
    records: list[Recorded]
    sha256: str


@asynccontextmanager
async def bench(stack: Stack) -> AsyncIterator[Bench]:
    """Connections for a scenario."""
    connection = await broker.connect(*stack.nats())
    try:
        async with stack.connect() as connected:
            yield Bench(stack, connected, connection)
    finally:
        await connection.close()


async def request(at: Bench, run: str, spec: RunSpec) -> None:
    """Ask for a run."""
    await at.connected.facts.publish_once(RunRequested(run=run, spec=to_dict(spec)))


async def ended(at: Bench, run: str, spec: RunSpec) -> Ended:
    """The run, once it has completed and its report is there.

    Raises:
        AssertionError: it failed.
    """
    records: list[Recorded] = []
    following: Any = at.connected.facts.follow(*subjects.of_run(run))
    async with asyncio.timeout(PATIENCE), aclosing(following) as facts:
        async for record in facts:
            records.append(record)
            assert not isinstance(record.fact, RunFailed), record.fact
            if isinstance(record.fact, ReportWritten):
                break
    [over] = [record.fact for record in records if isinstance(record.fact, RunCompleted)]
    return Ended(run, spec, records, over.policy.policy.sha256)


async def train(at: Bench, run: str, spec: RunSpec) -> Ended:
    """One run from request to report."""
    await request(at, run, spec)
    return await ended(at, run, spec)


async def losses(at: Bench, name: str, *runs: Ended) -> list[Row]:
    """What must be zero after load; anything else is a defect."""
    lost = twice = unstored = 0
    for run in runs:
        expected = promised(run)
        lost += len(expected - said(run))
        stored = await asyncio.to_thread(trajectories, at.stack, run.run)
        unstored += len({keys.trajectory(run.run, *slot) for slot in expected} - stored)
        for pattern in subjects.of_run(run.run):
            counts = await counted(at.broker, pattern)
            twice += sum(counts.values()) - len(counts)
    given_up = await read_all(at.broker, DEAD.name, subjects.of_dead_letter("*"))
    queued = await _left(at)
    found = {
        "rollouts lost": lost,
        "trajectories missing in the store": unstored,
        "facts said twice": twice,
        "dead letters": len(given_up),
        "commands left in the queue": queued,
    }
    return [none(name, what, count) for what, count in found.items()]


def none(name: str, what: str, count: int) -> Row:
    """Something of which there may not be any."""
    return Row(benchmark=name, what=what, samples=[float(count)], at_most=0)


async def messages(at: Bench, stream: Stream) -> int:
    """How many a stream holds."""
    info = msgspec.json.decode(await at.broker.api(f"STREAM.INFO.{stream.name}"))
    return int(info["state"]["messages"])


async def queued(at: Bench, count: int) -> None:
    """Return once that many commands are in the queue, those in hand included."""

    async def holds() -> bool:
        return await messages(at, ASYNC) >= count

    await until(holds)


async def _left(at: Bench) -> int:
    """How many commands stay in the queue; the last acknowledgements may be on their way."""
    for _ in range(100):
        if not (left := await messages(at, ASYNC)):
            break
        await asyncio.sleep(0.05)
    return left


def promised(run: Ended) -> set[tuple[int, int]]:
    """Version and slot of every rollout that the run's versions called for."""
    updates = [r.fact for r in run.records if isinstance(r.fact, PolicyUpdated)]
    last = max(update.policy.version for update in updates)
    return {
        (update.policy.version, index)
        for update in updates
        if update.policy.version < last
        for index in range(run.spec.rollout.count)
    }


def said(run: Ended) -> set[tuple[int, int]]:
    """Version and slot of every rollout that was told of."""
    done = [r.fact for r in run.records if isinstance(r.fact, RolloutCompleted)]
    return {(fact.trajectory.version, fact.trajectory.index) for fact in done}


def trajectories(stack: Stack, run: str) -> set[str]:
    """Keys of what lies in the store."""
    listed = stack.s3().list_objects(BUCKET, f"runs/{run}/trajectories/", recursive=True)
    return {item.object_name for item in listed}


def seconds(run: Ended) -> float:
    """From the first fact to the end, as the log timed them."""
    over = next(r.at for r in run.records if isinstance(r.fact, RunCompleted))
    return over - run.records[0].at
