"""The command line on a stack in memory."""

import asyncio
import io
import json
from pathlib import Path

import pytest

from faastraingym.cli.main import main
from faastraingym.cli.screen import Screen
from faastraingym.schemas.messages import Message, RunRequested
from tests.client.facts import RUN, SPEC, usage
from tests.client.memory import Stack


class Desk(Stack):
    """Type a command, look at what it printed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        self.folder = folder
        self.printer: type[io.StringIO] = io.StringIO
        self.out = ""
        self.err = ""
        monkeypatch.chdir(folder)

    def __call__(self, *argv: str) -> int:
        out, err = self.printer(), io.StringIO()
        code = main(argv, self.client(), Screen(out, err))
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def publish_once(desk: Desk, *facts: Message) -> None:
    async def publish() -> None:
        for fact in facts:
            await desk.facts.publish_once(fact)

    asyncio.run(publish())


@pytest.fixture
def spec(desk: Desk) -> str:
    return desk.write("cartpole.json", json.dumps(SPEC))


@pytest.fixture
def trained(desk: Desk) -> Desk:
    """A run that reached its target, with metered invocations."""
    desk.facts.metered = [usage("rollout", 2.0, True), usage("rollout", 1.0, False)]
    publish_once(desk, RunRequested(run=RUN, spec=SPEC))
    return desk
