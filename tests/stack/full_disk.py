"""A home on a disk that fills up in mid-run.

`unshare --mount python -m tests.stack.full_disk`: the disk is a tmpfs that only this process and
the stack that it starts can see, and that goes with them.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from faastraingym.adapters import disk
from faastraingym.client.following import PATIENCE_SECONDS
from faastraingym.client.world import Connected
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Unavailable
from faastraingym.schemas.messages import (
    PolicyUpdated,
    RolloutCompleted,
    RunCompleted,
    RunRequested,
)
from tests.stack.explained import explained, told
from tests.stack.facts import end, until, updated
from tests.stack.specs import LONG, held, undisturbed
from tests.stack.support import Gate, Stack

SIZE = "400m"
INODES = 6_000
MOST_SECONDS = 180.0  # weed looks at its disk once a minute; a retry comes 30 s later at most
WORDS = "is full: "


def mount(folder: Path, size: str = SIZE, inodes: int = INODES) -> None:
    """A small disk of memory."""
    options = ["-t", "tmpfs", "-o", f"size={size},nr_inodes={inodes}"]
    subprocess.run(["mount", *options, "tmpfs", str(folder)], check=True)  # noqa: S607


def unmount(folder: Path) -> None:
    """Undo it."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


def fill(file: Path) -> None:
    """Write until there is no byte left."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(descriptor, bytes(1 << 16))
    os.close(descriptor)
    assert disk.space(file.parent).is_full


def crowd(folder: Path) -> None:
    """Make empty files until there is no inode left; of bytes there are enough."""
    folder.mkdir()
    with suppress(OSError):
        for number in range(INODES):
            (folder / str(number)).touch()
    found = disk.space(folder)
    assert found.is_full
    assert found.free >= found.least


async def endure(stack: Stack, gate: Gate, seconds: float) -> None:
    """A run on whose disk there is no room for a while; everybody says so, and it goes on.

    No byte at first, which stops it, and then no inode, which stops it once it needs a new file.
    It stands still while the disk is being filled: on a busy machine it would come to its end.
    """
    ballast, files, spec = stack.home / "ballast", stack.home / "files", held(gate, LONG)
    gate.open()
    stack.start("full", spec)
    follower = stack.popen("follow", "full")
    with told(follower):
        async with stack.connect() as connected:
            await updated(connected.facts, "full", 15)
            gate.close()
            fill(ballast)
            gate.open()
            began = time.monotonic()
            await until(lambda: _logged(stack))
            _complaints(stack, "make room")
            with pytest.raises(Unavailable):
                await connected.facts.publish_once(
                    RunRequested(run="large", spec={"x": "y" * 200_000})
                )
            await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
            reached = await _relieved(connected, ballast.unlink)
            crowd(files)
            _complaints(stack, "remove files")
            shutil.rmtree(files)
            ended = await end(connected.facts, "full")
            assert isinstance(ended, RunCompleted), ended
            assert ended.policy.policy.sha256 == await undisturbed(spec)
            assert ended.policy.version > reached
            await _intact(connected, ended.policy.version)
        said, complained = follower.communicate(timeout=PATIENCE_SECONDS + 30.0)
    assert follower.returncode == 0, complained
    assert WORDS in said
    now = stack.json("status")
    assert now["disk"]["trouble"] == ""
    assert now["servers"]["nats-server"]["restarts"] >= 1  # nothing else lets it write again


async def _relieved(connected: Connected, give: Callable[[], None]) -> int:
    """Give back what was taken: the run goes on; at which version it stood."""
    reached = await connected.facts.count(subjects.below(PolicyUpdated, "full")) - 1
    print(f"stood at version {reached}")
    give()
    began = time.monotonic()
    await updated(connected.facts, "full", reached + 3, MOST_SECONDS)
    taken = time.monotonic() - began
    print(f"3 more {taken:.1f} s after there is room")
    return reached


async def _logged(stack: Stack) -> bool:
    """Whether a function that cannot go on has said why."""
    names = ("rollout", "update-policy", "aggregate-rewards", "plan-update")
    return any(WORDS in stack.cli("logs", name).stdout for name in names)


def _complaints(stack: Stack, remedy: str) -> None:
    """What a person reads, whatever he asks: which disk, and what to do."""
    status, doctor = stack.cli("status"), stack.cli("doctor")
    spec = str(stack.home / "spec.json")
    start = stack.cli(
        "start", spec, "--run", remedy.partition(" ")[0], "--set", "stop.env_steps=400"
    )
    for text in (status.stdout, doctor.stdout, start.stderr):
        assert f"disk of {stack.home} {WORDS}" in text, text
        assert f"{remedy} there, and the runs continue" in text
    assert (status.returncode, doctor.returncode) == (0, 4)
    assert start.returncode in (0, 4)  # a small fact may find its place where a large one does not


async def _intact(connected: Connected, versions: int) -> None:
    """Every fact was said once, and every object is what its reference says."""
    records = await connected.facts.read(*subjects.of_run("full"))
    said = Counter(subjects.of(record.fact) for record in records)
    assert set(said.values()) == {1}
    policies = [r.fact for r in records if isinstance(r.fact, PolicyUpdated)]
    rollouts = [r.fact for r in records if isinstance(r.fact, RolloutCompleted)]
    assert (len(policies), len(rollouts)) == (versions + 1, 2 * versions)
    for policy in policies:
        await connected.objects.get(policy.policy.policy)
        await connected.objects.get(policy.policy.learner)
    for rollout in rollouts:
        await connected.objects.get(rollout.trajectory.object)


def main() -> None:
    """One run on a stack whose home is a small disk."""
    os.environ["NPROC"] = "1"  # XLA's threads, as in stack.yml; before JAX starts
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="ftg-disk-") as name:
        stack = Stack(Path(name) / "home")
        home = stack.home
        try:
            mount(home, "64m")
            refused = stack.cli("up")
            assert refused.returncode == 4, refused.stdout
            assert f"the disk of {home}: only 6" in refused.stderr
            assert "MiB free, 256 are needed; make room there" in refused.stderr
            unmount(home)
            mount(home, inodes=900)
            refused = stack.cli("up")
            assert refused.returncode == 4, refused.stdout
            assert "inodes free, 1000 are needed" in refused.stderr
            unmount(home)
            mount(home)
            stack.up()
            print(f"{disk.space(home).free // disk.MIB} MiB free")
            with explained(stack):
                asyncio.run(endure(stack, Gate(Path(name) / "gate"), seconds))
            print("the run ended with the SHA-256 of the undisturbed one, nothing was damaged")
        finally:
            stack.down()
            unmount(home)


if __name__ == "__main__":
    main()
