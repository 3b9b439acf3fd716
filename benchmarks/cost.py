"""Cost: memory times seconds that a run is billed, against a server that is kept for it.

Billed is what the metering of every invocation says: its seconds x its function's memory limit. A
replica's own start (see `cold-starts`) is not in it. Held is what the replicas of a cluster of
one's own keep, from their first invocation to 10 s after their last. The server is as large as
the replicas of `update-policy` and `rollout` together: one process there would need no others.
Every run begins with all functions at zero.
"""

import asyncio
import time
import tomllib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

import uvloop

from benchmarks import runs, stacks
from benchmarks.gateways import AsyncAdmission
from benchmarks.report import Row
from faastraingym.algorithms.registry import parse
from faastraingym.embedded.state import StackState
from faastraingym.events.ports import Recorded
from faastraingym.events.views.run import MIB_PER_GIB, spend
from faastraingym.schemas.messages import (
    InvocationCompleted,
    PolicyUpdated,
    RunCompleted,
    RunRequested,
    tag,
)
from faastraingym.schemas.specification import RunSpec

IDLE = 10.0  # s, FAASTRAIN_ZERO_DURATION's default
DAY = 86_400.0  # s
RUNS_A_DAY = (1, 10, 100)
SERVER = ("update-policy", "rollout")
PATIENCE = 30.0  # s, until the last invocation is metered

_row = partial(Row, benchmark="cost")


class Cost(NamedTuple):
    """One run's, in GiB-seconds."""

    billed: float
    held: float
    server: float  # GiB
    wall: float  # s, from the request to the end
    env_steps: int


def cost(said: Iterable[Recorded], usage: Sequence[InvocationCompleted]) -> Cost:
    """From what a run's log and its metering tell."""
    by_replica: dict[str, list[InvocationCompleted]] = {}
    for one in usage:
        if not one.replica:  # it died; what it did before tells for how long it was held
            continue
        by_replica.setdefault(one.replica, []).append(one)
    at = {type(record.fact): record.at for record in said}
    return Cost(
        billed=sum(spent.gb_seconds for spent in spend({}, usage).values()),
        held=sum(map(_held, by_replica.values())),
        server=sum(
            served[0].memory_mb / MIB_PER_GIB
            for served in by_replica.values()
            if served[0].function in SERVER
        ),
        wall=at[RunCompleted] - at[RunRequested],
        env_steps=max(r.fact.policy.env_steps for r in said if isinstance(r.fact, PolicyUpdated)),
    )


def _held(served: Sequence[InvocationCompleted]) -> float:
    begin = min(one.started_at for one in served)
    end = max(one.started_at + one.seconds for one in served) + IDLE
    return (end - begin) * served[0].memory_mb / MIB_PER_GIB


def of_day(spent: float, runs_a_day: int, server: float) -> float:
    """What part of a server of `server` GiB, kept all day, this many runs cost.

    Args:
        spent: GiB-seconds of one run.
    """
    return spent * runs_a_day / (server * DAY)


def measure(repeat: int) -> list[Row]:
    """What runs cost that begin with every function at zero."""
    example = tomllib.loads((stacks.CHECKOUT / "examples" / "cartpole.toml").read_text())
    cases = {"CartPole-v1 to 475": parse(example), "large batches": runs.large(updates=32)}
    rows: list[Row] = []
    with stacks.running() as state:
        async_admission = AsyncAdmission(state)
        for number, (what, spec) in enumerate(cases.items()):
            found = []
            for again in range(-1, repeat):  # the first compiles, and does not count
                async_admission.all_to_zero()
                found.append(uvloop.run(_run(state, f"cost-{number}-{again + 1}", spec)))
            rows += of_costs(what, found[1:])
    return rows


async def _run(state: StackState, name: str, spec: RunSpec) -> Cost:
    async with stacks.connected(state) as held:
        said = await runs.run(held, name, spec)
        until = time.monotonic() + PATIENCE
        usage = await held.services.facts.usage(name)
        while not any(one.heard == tag(RunCompleted) for one in usage):
            if time.monotonic() > until:
                raise RuntimeError(f"{name}: no invocation that heard its end is metered")
            await asyncio.sleep(0.1)
            usage = await held.services.facts.usage(name)
        return cost(said, usage)


def of_costs(what: str, found: Sequence[Cost]) -> list[Row]:
    """One case: a run, a million steps, its wall time's server, a day's server."""

    def row(name: str, unit: str, samples: list[float], note: str = "") -> Row:
        return _row(what=f"{what}: {name}", unit=unit, samples=samples, note=note)

    day = [
        row(
            f"{kind}, {count} a day / server kept all day",
            "x",
            [of_day(getattr(one, kind), count, one.server) for one in found],
        )
        for count in RUNS_A_DAY
        for kind in ("billed", "held")
    ]
    size = f"{found[0].server:g} GiB: {' and '.join(SERVER)}"
    return [
        row("billed", "GiB s", [one.billed for one in found], "seconds x limit of each invocation"),
        row("billed per million steps", "GiB s", [1e6 * c.billed / c.env_steps for c in found]),
        row("held", "GiB s", [one.held for one in found], f"until {IDLE:g} s without work"),
        row("server kept for the run", "GiB s", [one.server * one.wall for one in found], size),
        row("billed / server", "x", [one.billed / (one.server * one.wall) for one in found]),
        row("held / server", "x", [one.held / (one.server * one.wall) for one in found]),
        *day,
    ]
