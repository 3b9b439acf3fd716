"""A server that is kept alive: small shell scripts in the place of servers."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from faastraingym.embedded.child import Child, ChildSpec

READY, BROKEN = re.compile("^ready"), re.compile("critical write error")
Kept = Callable[..., Child]


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    """Children of scripts; all are stopped afterwards."""
    children: list[Child] = []

    def child(
        script: str,
        log: Path = tmp_path / "log",
        changed: Callable[[], None] = lambda: None,
        mend: Callable[[], None] | None = None,
    ) -> Child:
        command, path = ["/bin/sh", "-c", script], {"PATH": "/bin:/usr/bin"}
        spec = ChildSpec("server", command, path, tmp_path, log, READY, BROKEN, mend)
        children.append(Child(spec, changed))
        return children[-1]

    yield child
    for each in children:
        await each.stop()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110  a process has no event for it
            await asyncio.sleep(0.01)


async def test_a_server_that_says_that_it_is_broken_is_started_again(kept: Kept) -> None:
    """It would live on and serve nobody; the second one is well."""
    child = kept(
        "echo ready; [ -e mended ] || { touch mended; echo critical write error: full; };"
        "trap 'echo bye; exit 3' TERM; while :; do sleep 0.05; done"
    )
    await child.start()
    await until(lambda: child.spec.log.read_text().count("ready") == 2)
    assert child.state.restarts == 1
    assert child.state.last_exit == 3  # it was asked to end, not killed
    said = child.spec.log.read_text().splitlines()
    assert said == ["ready", "critical write error: full", "bye", "ready"]


async def test_what_it_says_is_heard_however_much_comes_at_once(kept: Kept) -> None:
    """Its last lines are kept for whoever asks why; the one that counts may not be among them."""
    many = "i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i+1)); done"
    child = kept(
        "[ -e mended ] && { echo ready; exec sleep 60; }; touch mended;"
        f"(echo ready; echo critical write error: full; {many}) > all; cat all; exec sleep 60"
    )
    await child.start()
    await until(lambda: child.spec.log.read_text().count("ready") == 2)
    assert child.state.restarts == 1


async def test_its_files_are_put_in_order_before_each_start(kept: Kept, tmp_path: Path) -> None:
    """Not only before the first: what breaks a server may have left them in disorder."""
    child = kept(
        "[ -e order ] || exit 1; rm order; echo ready; exec sleep 60",
        mend=(tmp_path / "order").touch,
    )
    await child.start()
    child._process.kill()  # type: ignore[union-attr]
    await until(lambda: child.spec.log.read_text().count("ready") == 2)
    assert child.state.restarts == 1


async def test_a_log_on_a_full_disk_does_not_hold_up_its_server(kept: Kept) -> None:
    """More than a pipe takes is read on, and then the line that it is ready."""
    child = kept(
        "i=0; while [ $i -lt 4000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1));"
        " done; echo ready; exec sleep 60",
        Path("/dev/full"),
    )
    await child.start()
    assert child.state.restarts == 0


async def test_a_server_that_stays_alive_is_no_longer_called_crashing(kept: Kept) -> None:
    """And whoever looks is told."""
    changes: list[bool] = []
    child = kept("echo ready; exec sleep 60", changed=lambda: changes.append(child.state.crashing))
    child.state.crashing = True  # as an outage of more than a minute ago left it
    await child.start()
    await until(lambda: changes == [False])


async def test_a_program_that_is_kept_away_is_tried_until_it_is_there(
    kept: Kept, tmp_path: Path
) -> None:
    """Called crashing meanwhile."""
    child = kept("[ -e away ] && exit 1; echo ready; exec sleep 60")
    await child.start()
    (tmp_path / "away").touch()
    first = child.state.pid
    child._process.kill()  # type: ignore[union-attr]
    await until(lambda: child.state.crashing)
    (tmp_path / "away").unlink()
    await until(lambda: child._is_ready.is_set() and child.state.pid != first)
