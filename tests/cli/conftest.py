"""A world in memory for the command line."""

import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from faastraingym.adapters.processes.checking import Checked
from faastraingym.algorithms.environments import spaces
from faastraingym.cli.errors import StackTrouble
from faastraingym.cli.gateway import FunctionState, LogLine
from faastraingym.cli.main import main
from faastraingym.cli.screen import Screen
from faastraingym.cli.streams import StreamSize
from faastraingym.cli.world import Connected, World
from faastraingym.schemas.messages import Message, RunRequested
from tests.cli.facts import NOW, beginning, completed, failed, reported, unreported
from tests.fakes import (
    InMemoryCommandQueue,
    InMemoryDeadLetters,
    InMemoryFactLog,
    InMemoryObjectStore,
)

KEY = b"of-the-tests"


class Pipeline(InMemoryFactLog):
    """A log in which a requested run goes on by itself, by a script of facts."""

    def __init__(self) -> None:
        super().__init__()
        self.ending = "target"  # or another reason, or "failed"
        self.unreported = False  # its report cannot be written

    async def publish_once(self, fact: Message) -> bool:
        received = await super().publish_once(fact)
        if received and isinstance(fact, RunRequested):
            last = unreported(fact.run) if self.unreported else reported(fact.run)
            for more in [*beginning(fact.run), self.end(fact.run), last]:
                await super().publish_once(more)
        return received

    def end(self, run: str) -> Message:
        return failed(run) if self.ending == "failed" else completed(self.ending, run)


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

    def logs(self, name: str, follow: bool, tail: int, since: str) -> Iterator[LogLine]:
        self.asked = (name, follow, tail, since)
        if self.lines:
            yield from self.lines.get(name, [])
            yield from self.coming.get(name, []) if follow else []
            return
        yield LogLine(
            name=name, instance="rollout-1", timestamp="2026-11-22T17:15:00Z", text="done"
        )


class Desk:
    """A command line on fakes: type a command, look at what it printed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.facts = Pipeline()
        self.objects = InMemoryObjectStore()
        self.gateway = FakeGateway()
        self.letters = InMemoryDeadLetters()
        self.commands = InMemoryCommandQueue()
        self.variables = {"FAASTRAIN_HOME": str(folder / "home")}
        self.started = 0
        self.up = True
        self.out = ""
        self.err = ""
        monkeypatch.chdir(folder)

    def __call__(self, *argv: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        world = World(
            screen=Screen(out, err),
            environment=self.variables,
            connect=self._connect,
            gateway=lambda: self.gateway,
            ensure_stack=self._ensure_stack,
            validate=lambda raw: Checked(spaces.validate(raw)),
            signing_key=lambda: KEY,
            now=lambda: NOW,
        )
        code = main(argv, world)
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Connected]:
        if not self.up:
            raise StackTrouble("no stack runs here; start it with `faastrain up`")
        yield Connected(
            facts=self.facts,
            objects=self.objects,
            bucket=self.objects,
            streams=FakeStreams(self.letters),
            dead_letters=self.letters,
            commands=self.commands,
        )

    def _ensure_stack(self) -> None:
        self.started += 1
        self.up = True


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)
