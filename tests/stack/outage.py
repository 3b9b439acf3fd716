"""Servers that go away in mid-run: stopped, or killed and kept from coming back.

`python -m tests.stack.outage --seconds 60` does what the test does, for as long as one likes.
"""

import argparse
import asyncio
import os
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil

from faastraingym.events.pipeline import subjects
from faastraingym.schemas.messages import PolicyUpdated, RunCompleted
from tests.servers import binary
from tests.stack.facts import end, updated
from tests.stack.specs import LONG, undisturbed
from tests.stack.support import Stack

VARIABLES = {"nats-server": "FAASTRAIN_NATS_SERVER", "weed": "FAASTRAIN_WEED"}
EVERY_VERSIONS = 15  # from one outage to the next


def programs(folder: Path) -> dict[str, str]:
    """Variables by which a stack takes servers that refuse to start while `folder/NAME` exists."""
    found = {}
    for name, variable in VARIABLES.items():
        script = folder / f"{name}.sh"
        script.write_text(
            "#!/bin/sh\n"
            f'if [ -e "{folder / name}" ]; then echo "{name} is kept away"; exit 1; fi\n'
            f'exec "{binary(name)}" "$@"\n'
        )
        script.chmod(stat.S_IRWXU)
        found[variable] = str(script)
    return found


@contextmanager
def paused(stack: Stack, server: str, folder: Path) -> Iterator[None]:
    """SIGSTOP: connections stay open and nobody answers."""
    process = psutil.Process(stack.up().children[server].pid)
    process.send_signal(signal.SIGSTOP)
    try:
        yield
        assert process.status() == psutil.STATUS_STOPPED
    finally:
        process.send_signal(signal.SIGCONT)


@contextmanager
def killed(stack: Stack, server: str, folder: Path) -> Iterator[None]:
    """kill -9, and every attempt of the supervisor to start it again fails."""
    (folder / server).touch()
    try:
        stack.kill(server)
        yield
        assert stack.up().children[server].restarts > 0
    finally:
        (folder / server).unlink()


Away = Callable[[Stack, str, Path], AbstractContextManager[None]]
OUTAGES: list[tuple[str, Away]] = [
    ("nats-server", paused),
    ("weed", paused),
    ("nats-server", killed),
    ("weed", killed),
]


async def endure(stack: Stack, folder: Path, run: str, seconds: float) -> None:
    """A run through every outage in turn, followed from its first fact to its last.

    It goes on after each, it ends with the undisturbed bytes, and the follower sees the end.
    """
    stack.start(run, LONG)
    follower = stack.popen("follow", run)
    async with stack.connect() as connected:
        for number, (server, away) in enumerate(OUTAGES, 1):
            reached = (await updated(connected.facts, run, EVERY_VERSIONS * number)).policy.version
            with away(stack, server, folder):
                await asyncio.sleep(seconds)
            began = time.monotonic()
            await updated(connected.facts, run, reached + 3)
            waited = time.monotonic() - began
            made = await connected.facts.count(subjects.below(PolicyUpdated, run))
            print(
                f"{server} {away.__name__} for {seconds:g} s at version {reached}: "
                f"{made - 1 - reached} versions more {waited:.1f} s after it"
            )
        ended = await end(connected.facts, run)
    said, complained = follower.communicate(timeout=60.0)
    assert isinstance(ended, RunCompleted), ended
    assert ended.policy.version > reached  # every outage came in mid-run
    assert ended.policy.policy.sha256 == await undisturbed(LONG)
    assert follower.returncode == 0, complained
    assert "the stack answers again" in said


def main() -> None:
    """One run on a stack of its own."""
    os.environ["NPROC"] = "1"  # XLA's threads, as in stack.yml; before JAX starts
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="ftg-outage-") as name:
        folder = Path(name)
        stack = Stack(folder / "home", FTG_MAX_ROLLOUTS="2", **programs(folder))
        try:
            stack.up()
            asyncio.run(endure(stack, folder, "outages", seconds))
            print("the run ended with the SHA-256 of the undisturbed one")
        finally:
            stack.down()


if __name__ == "__main__":
    main()
