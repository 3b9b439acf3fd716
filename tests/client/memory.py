"""A stack in memory, for clients and for the command line."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from faastraingym.adapters.packages.library import Packages
from faastraingym.adapters.processes.checking import Checked
from faastraingym.algorithms.environments import spaces
from faastraingym.client import checking, environments
from faastraingym.client.async_client import AsyncClient
from faastraingym.client.client import Client
from faastraingym.client.errors import StackTrouble
from faastraingym.client.gateway import FunctionState, LogLine
from faastraingym.client.streams import StreamSize
from faastraingym.client.world import Connected, World
from faastraingym.embedded.contract.messages import FunctionDeployment
from faastraingym.events.pipeline.history import fold
from faastraingym.events.views.report import build
from faastraingym.schemas import keys
from faastraingym.schemas.messages import EvaluationCompleted, Message, ReportWritten, RunRequested
from faastraingym.schemas.payloads import Evaluation, dump
from tests.client.facts import (
    NOW,
    POLICY,
    beginning,
    completed,
    evaluating,
    failed,
    records,
    reported,
    unreported,
)
from tests.fakes import (
    InMemoryCommandQueue,
    InMemoryDeadLetters,
    InMemoryFactLog,
    InMemoryObjectStore,
    InMemoryRemovals,
)

KEY = b"of-the-tests"


class Pipeline(InMemoryFactLog):
    """A log in which a requested run goes on by itself, by a script of facts."""

    def __init__(self) -> None:
        super().__init__()
        self.ending = "target"  # or another reason, or "failed"
        self.unreported = False  # its report cannot be written
        self.script = True  # False: nothing follows a request
        self.objects: InMemoryObjectStore | None = None  # where results are put
        self.returns = [10.0, 30.0]  # of the episodes of a run that evaluates

    async def publish_once(self, fact: Message) -> bool:
        received = await super().publish_once(fact)
        if received and self.script and isinstance(fact, RunRequested):
            if fact.spec.get("evaluate") and self.objects is not None:
                for more in await played(self.objects, fact, self.returns):
                    await super().publish_once(more)
                return received
            last = unreported(fact.run) if self.unreported else reported(fact.run)
            facts = [*beginning(fact.run), self.end(fact.run)]
            if self.objects is not None:
                facts, last = await results(self.objects, fact, facts)
            for more in (*facts, last):
                await super().publish_once(more)
        return received

    def end(self, run: str) -> Message:
        return failed(run) if self.ending == "failed" else completed(self.ending, run)


async def results(
    objects: InMemoryObjectStore, request: RunRequested, facts: list[Message]
) -> tuple[list[Message], ReportWritten]:
    """The facts with a policy that is in the store, and the fact of the report that is there."""
    run = request.run
    policy = await objects.put(keys.policy(run, 1), dump(POLICY))
    told: list[Message] = []
    for fact in facts:
        ref: Any = getattr(fact, "policy", None)
        if ref is not None and ref.version == 1:
            named: Any = msgspec.structs.replace(ref, policy=policy)
            fact = msgspec.structs.replace(fact, policy=named)
        told.append(fact)
    report = build(run, fold(records(request, *told)), [], NOW)
    written = await objects.put(keys.report(run), msgspec.json.encode(report))
    curve = await objects.put(keys.learning_curve(run), b"a picture")
    return told, ReportWritten(run=run, report=written, learning_curve=curve)


async def played(
    objects: InMemoryObjectStore, request: RunRequested, returns: list[float]
) -> list[Message]:
    """The facts of a run that evaluates; its episodes are in the store, and films as asked for."""
    run, told = request.run, evaluating(request.run, *returns)
    seen = np.array(returns)
    found = Evaluation(version=0, returns=seen, lengths=seen.astype(np.int32))
    ref = await objects.put(keys.evaluation(run, 0), dump(found))
    films = [
        await objects.put(keys.recording(run, 0, episode, ".gif"), b"GIF89a")
        for episode in range(request.spec["evaluation"].get("record", 0))
    ]
    (whole,) = [fact for fact in told if isinstance(fact, EvaluationCompleted)]
    told[told.index(whole)] = msgspec.structs.replace(whole, evaluation=ref, recordings=films)
    return [*told, reported(run)]


class FakeStreams:
    def __init__(self, letters: InMemoryDeadLetters) -> None:
        self.letters = letters

    async def sizes(self) -> dict[str, StreamSize]:
        return {
            "FTG_FACTS": StreamSize(messages=7, bytes=1 << 20),
            "FTG_DEAD": StreamSize(messages=len(self.letters.kept), bytes=0),
        }


class FakeGateway:
    """Two functions, one of them asleep."""

    def functions(self) -> list[FunctionState]:
        return [
            FunctionState(name="evaluate", replicas=0, available_replicas=0, invocation_count=3.0),
            FunctionState(name="rollout", replicas=2, available_replicas=1, invocation_count=9.0),
        ]

    def __init__(self) -> None:
        self.lines: dict[str, list[LogLine]] = {}
        self.coming: dict[str, list[LogLine]] = {}
        self.deployed: dict[str, FunctionDeployment] = {}
        self.secrets: dict[str, str] = {}

    def deploy(self, deployment: FunctionDeployment) -> None:
        self.deployed[deployment.service] = deployment

    def keep_secret(self, name: str, value: str) -> None:
        self.secrets[name] = value

    def logs(self, name: str, follow: bool, tail: int, since: str) -> Iterator[LogLine]:
        self.asked = (name, follow, tail, since)
        if self.lines:
            yield from self.lines.get(name, [])
            yield from self.coming.get(name, []) if follow else []
            return
        yield LogLine(
            name=name, instance="rollout-1", timestamp="2026-11-22T17:15:00Z", text="done"
        )


def connected(
    facts: InMemoryFactLog,
    objects: InMemoryObjectStore,
    letters: InMemoryDeadLetters,
    commands: InMemoryCommandQueue,
) -> Connected:
    """A connection to servers in memory."""
    return Connected(
        facts=facts,
        objects=objects,
        bucket=objects,
        streams=FakeStreams(letters),
        dead_letters=letters,
        commands=commands,
        removals=InMemoryRemovals(facts, commands),
    )


class Stack:
    """A stack in memory, in which requested runs go on by themselves."""

    def __init__(self, folder: Path) -> None:
        self.facts = Pipeline()
        self.objects = InMemoryObjectStore()
        self.gateway = FakeGateway()
        self.letters = InMemoryDeadLetters()
        self.commands = InMemoryCommandQueue()
        self.variables = {"FAASTRAIN_HOME": str(folder / "home")}
        self.started = 0
        self.up = True

    def client(self) -> Client:
        """A client of it."""
        world = World(
            environment=self.variables,
            connect=self._connect,
            gateway=lambda: self.gateway,
            ensure_stack=self._ensure_stack,
            validate=self._validate,
            signing_key=lambda: KEY,
            now=lambda: NOW,
        )
        return Client.of(AsyncClient(world))

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Connected]:
        if not self.up:
            raise StackTrouble("no stack runs here; start it with `faastrain up`")
        yield connected(self.facts, self.objects, self.letters, self.commands)

    async def _validate(self, raw: object, packages: Packages) -> Checked:
        if environments.is_own(raw):  # code of one's own is imported in a process of its own
            return await checking.validate(raw, packages, self.variables)
        spec = spaces.validate(raw)
        return Checked(spec, spaces=spaces.describe(spec))

    def _ensure_stack(self) -> None:
        self.started += 1
        self.up = True
