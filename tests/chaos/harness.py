"""Runs on a real stack while a plan's faults happen to it, and the verdict from outside."""

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from adapters import broker
from adapters.broker import Broker
from adapters.nats_facts import NatsFactLog
from cli.world import Connected
from embedded import processes
from events import subjects
from events.ports import Unavailable
from events.streams import ASYNC, DEAD, FACTS
from schemas.messages import ReportWritten, RunRequested
from tests.chaos import verdict
from tests.chaos.injection import Injector
from tests.chaos.plan import Fault
from tests.chaos.progress import Progress, Stuck, counted
from tests.chaos.results import Injected, Outcome
from tests.chaos.stacks import interposed
from tests.stack.facts import until
from tests.stack.specs import Calm
from tests.stack.support import Stack

WARM = 24  # facts of a run after which every function has been called


class Harness:
    """One stack under one plan."""

    def __init__(self, injector: Injector, connection: Broker, spec: dict[str, Any]) -> None:
        self._injector = injector
        self._facts = NatsFactLog(connection)
        self._spec = spec
        self.progress = Progress(connection)
        self.runs: list[str] = []
        self.injected: list[Injected] = []
        self.began = time.monotonic()

    async def pace(self, at_once: int) -> float:
        """Facts per second when nothing happens, every function being warm."""
        async with asyncio.TaskGroup() as runs:
            for _ in range(at_once):
                runs.create_task(self._run())
            await self.progress.until(lambda: self._least() >= WARM)
            began, before = time.monotonic(), self.progress.count()
        return (self.progress.count() - before) / (time.monotonic() - began)

    async def suffer(self, faults: Sequence[Fault], at_once: int) -> None:
        """Run after run, `at_once` beside one another, until every fault was survived."""
        self.began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            everything = tasks.create_task(self._happen(faults))
            for _ in range(at_once):
                tasks.create_task(self._runs_until(everything))

    async def _runs_until(self, everything: "asyncio.Task[None]") -> None:
        while not everything.done():
            await self._run()

    async def _run(self) -> None:
        run = f"run-{len(self.runs)}"
        self.runs.append(run)
        while True:
            with contextlib.suppress(Unavailable):
                await self._facts.say(RunRequested(run=run, spec=self._spec))
                break
            await asyncio.sleep(0.1)
        await self.progress.until(lambda: self.progress.is_over(run))

    async def _happen(self, faults: Sequence[Fault]) -> None:
        going_on: set[asyncio.Task[None]] = set()
        for fault in faults:
            if fault.after and going_on:
                await asyncio.gather(*going_on)
                going_on.clear()
            await self._more_facts(fault.after)
            await asyncio.sleep(fault.delay)
            going_on.add(asyncio.create_task(self._one(fault)))
        await asyncio.gather(*going_on)

    async def _more_facts(self, count: int) -> None:
        enough = self.progress.count() + count
        await self.progress.until(lambda: self.progress.count() >= enough)

    async def _one(self, fault: Fault) -> None:
        at = time.monotonic()
        hit = await self._injector.inject(fault)
        over = time.monotonic()
        before = {r: self.progress.count(r) for r in self.runs if not self.progress.is_over(r)}

        def moved() -> bool:
            return all(
                self.progress.count(run) > count or self.progress.is_over(run)
                for run, count in before.items()
            )

        recovered = None
        try:
            await self.progress.until(moved)
            recovered = round(time.monotonic() - over, 3)
        finally:
            self.injected.append(
                Injected(
                    fault=fault,
                    hit=hit,
                    at=round(at - self.began, 3),
                    lasted=round(over - at, 3),
                    recovered=recovered,
                )
            )

    def _least(self) -> int:
        return min((self.progress.count(run) for run in self.runs), default=0)


async def survive(
    home: Path,
    compiled: Path,
    seed: int,
    faults: Sequence[Fault],
    at_once: int,
    spec: dict[str, Any],
    calm: Calm,
) -> Outcome:
    """Everything about one seed."""
    async with interposed(home, FTG_COMPILATION_CACHE=str(compiled)) as (stack, injector):
        try:
            await asyncio.to_thread(stack.up)
            connection = await broker.connect(*stack.nats())
            harness = Harness(injector, connection, spec)
            await harness.progress.listen()
            pace = await harness.pace(at_once)
            before = await _consumers(connection)
            calm_facts = harness.progress.count()
            breaches: list[str] = []
            try:
                await harness.suffer(faults, at_once)
            except* (Stuck, TimeoutError) as stuck:
                breaches += [str(error) for error in stuck.exceptions]
            wall = time.monotonic() - harness.began
            facts = harness.progress.count() - calm_facts
            breaches += [] if breaches else await _of_runs(stack, connection, harness.runs, calm)
            left = (before, await _consumers(connection)), await _messages(connection, DEAD.name)
            await connection.close()
        finally:
            await asyncio.to_thread(stack.down)
        orphans = [str(process) for process in processes.of_stack(home)]
    return Outcome(
        seed=seed,
        planned=len(faults),
        injected=harness.injected,
        runs=len(harness.runs),
        sha256=calm.sha256,
        facts=facts,
        wall=round(wall, 1),
        calm=round(facts / pace, 1),
        breaches=[*breaches, *verdict.of_stack(*left, orphans)],
    )


async def _of_runs(stack: Stack, connection: Broker, runs: Sequence[str], calm: Calm) -> list[str]:
    """The breaches of all runs, once nothing of them is in flight any more."""
    await until(lambda: _is_settled(connection))
    breaches = []
    async with stack.connect() as connected:
        for run in runs:
            said: dict[str, int] = {}
            for pattern in subjects.of_run(run):
                said |= await counted(connection, pattern)
            breaches += verdict.of_run(run, said, await _report(connected, run), calm)
    return breaches


async def _report(connected: Connected, run: str) -> Any:
    (written,) = await connected.facts.read(subjects.of_kind(ReportWritten, run))
    assert isinstance(written.fact, ReportWritten)
    return json.loads(await connected.objects.get(written.fact.report))


async def _is_settled(connection: Broker) -> bool:
    return not any((await _consumers(connection)).values())


async def _consumers(connection: Broker) -> dict[str, int]:
    """Every consumer, with what it has still to settle."""
    found = {}
    for stream in (FACTS, ASYNC):
        answer = msgspec.json.decode(await connection.api(f"CONSUMER.LIST.{stream.name}"))
        for consumer in answer["consumers"]:
            found[consumer["name"]] = consumer["num_pending"] + consumer["num_ack_pending"]
    return found


async def _messages(connection: Broker, stream: str) -> int:
    answer = await connection.api(f"STREAM.INFO.{stream}")
    return int(msgspec.json.decode(answer)["state"]["messages"])
