"""Runs, or experiments, on a real stack while the faults of a plan happen to it.

What is repeated is called a run here: an experiment's name is the `run` of its facts, too.
"""

import asyncio
import contextlib
import io
import json
import time
from collections.abc import Sequence
from typing import Any

import urllib3
from minio.error import MinioException

from faastraingym.adapters.nats.broker import Broker
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.client.runs import is_experiment, is_known
from faastraingym.events.ports import Unavailable
from faastraingym.events.triggers import outside_events
from faastraingym.schemas import keys
from tests.chaos.injection import Injector
from tests.chaos.plan import LOSSES, Fault, overlapping
from tests.chaos.progress import Progress
from tests.chaos.results import Injected
from tests.stack.specs import request
from tests.stack.support import Stack

BUCKET = "faastraingym"
WARM = 24  # facts of a run after which every function has been called


class Harness:
    """One stack under one plan."""

    def __init__(
        self, stack: Stack, injector: Injector, connection: Broker, spec: dict[str, Any]
    ) -> None:
        self._stack = stack
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
        """Every other run is started by a file in the bucket."""
        number = len(self.runs)
        if number % 2:
            key, data = f"{keys.EXPERIMENTS}run-{number}.json", json.dumps(self._spec).encode()
            run = outside_events.of_upload(key, data)
            self.runs.append(run)
            await self._upload(key, data)
        else:
            run = f"run-{number}"
            self.runs.append(run)
            await self._request(run)
        await self.progress.until(lambda: self.progress.is_over(run))

    async def _upload(self, key: str, data: bytes) -> None:
        """Once the store has taken it, it is for nobody but the stack to see to it."""
        while True:
            with contextlib.suppress(urllib3.exceptions.HTTPError, MinioException):
                store, size = await asyncio.to_thread(self._stack.s3), len(data)
                await asyncio.to_thread(store.put_object, BUCKET, key, io.BytesIO(data), size)
                break
            await asyncio.sleep(0.1)

    async def _request(self, run: str) -> None:
        while True:
            with contextlib.suppress(Unavailable):
                await self._facts.publish_once(request(run, self._spec))
                break
            await asyncio.sleep(0.1)

    async def _request_again(self) -> None:
        """As whoever is told that nobody knows his run: its request was the last that was lost."""
        async with self._stack.connect() as connected:
            for run in self.runs:
                if not (await is_known(connected, run) or await is_experiment(connected, run)):
                    await self._request(run)

    async def _happen(self, faults: Sequence[Fault]) -> None:
        for together in overlapping(faults):
            async with asyncio.TaskGroup() as going_on:
                for fault in together:
                    await self.progress.more(fault.after)
                    await asyncio.sleep(fault.delay)
                    going_on.create_task(self._one(fault))

    async def _one(self, fault: Fault) -> None:
        at = time.monotonic()
        hit = await self._injector.inject(fault, self.progress)
        over = time.monotonic()
        if fault.kind in LOSSES:
            await self._request_again()
        recovered = None
        try:
            await self._all_move_on()
            recovered = round(time.monotonic() - over, 3)
        finally:
            about = {"at": round(at - self.began, 3), "lasted": round(over - at, 3)}
            self.injected.append(Injected(fault=fault, hit=hit, recovered=recovered, **about))

    async def _all_move_on(self) -> None:
        """Every run that goes on has said another fact."""
        received = self.progress
        before = {run: received.count(run) for run in self.runs if not received.is_over(run)}
        await received.until(lambda: all(received.count(run) > n for run, n in before.items()))

    def _least(self) -> int:
        return min((self.progress.count(run) for run in self.runs), default=0)
