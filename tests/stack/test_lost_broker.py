"""Recovery from the store: a broker that lost what it knew, or a part of it, hears it again."""

import asyncio
import shutil
import subprocess
from pathlib import Path

from faastraingym.events.pipeline import subjects
from faastraingym.schemas.messages import RunCompleted, tag
from tests.stack.facts import PATIENCE, end, report, updated
from tests.stack.specs import LONG, SHORT, undisturbed
from tests.stack.support import Stack


async def test_an_emptied_broker_hears_everything_again(own: Stack) -> None:
    """From the copies in the store and, after the last of them, by doing the work again."""
    own.start("emptied", LONG)
    await _reaches(own, "emptied", 10)
    assert own.post("/function/reconcile", b"") == 200  # a tick: the log is copied
    await _reaches(own, "emptied", 20)
    followers = [await _following(own, "follow", "emptied")]
    own.down()
    shutil.rmtree(own.home / "nats" / "store")
    own.up()
    followers.append(own.popen("follow", "emptied"))  # the store alone may know the run just now
    await _continued(own, "emptied")
    for follower in followers:
        said, complained = await asyncio.to_thread(follower.communicate, timeout=PATIENCE)
        assert follower.returncode == 0, said + complained


async def test_a_run_that_broker_and_store_lost_is_told_as_lost(own: Stack) -> None:
    """Who follows it is told so instead of waiting for ever, and so is who asks for it."""
    own.start("vanished", {**LONG, "stop": {"env_steps": 600_000}})  # it goes on until it is lost
    await _reaches(own, "vanished", 3)
    commands = (("follow", "vanished"), ("events", "--follow", "vanished"))
    followers = [await _following(own, *words) for words in commands]
    own.down()
    shutil.rmtree(own.home / "nats" / "store")
    shutil.rmtree(own.home / "weed" / "data")
    own.up()
    for follower in followers:
        _, complained = await asyncio.to_thread(follower.communicate, timeout=PATIENCE)
        assert follower.returncode == 3, complained
        assert "run vanished is lost: the broker does not have it" in complained
    for words in (("follow",), ("gate",), ("show",), ("stop",), ("resume",)):
        asked = own.cli(*words, "vanished")
        assert asked.returncode == 3, asked.stderr
        assert "there is no run 'vanished'" in asked.stderr


async def test_a_run_that_was_never_copied_starts_anew_from_its_manifest(own: Stack) -> None:
    """What it has made lies in the store, and is adopted."""
    own.start("uncopied", LONG)
    await _reaches(own, "uncopied", 10)
    own.down()
    shutil.rmtree(own.home / "nats" / "store")
    own.up()
    await _continued(own, "uncopied")


async def test_a_broker_that_is_rolled_back_goes_on_from_there(own: Stack, tmp_path: Path) -> None:
    """An earlier copy of its directory: what came after is done again, to the same bytes."""
    own.start("rolled-back", LONG)
    await _reaches(own, "rolled-back", 10)
    own.down()
    shutil.copytree(own.home / "nats" / "store", tmp_path / "copy")
    own.up()
    await _reaches(own, "rolled-back", 30)
    own.down()
    shutil.rmtree(own.home / "nats" / "store")
    shutil.copytree(tmp_path / "copy", own.home / "nats" / "store")
    own.up()
    await _continued(own, "rolled-back")


async def test_a_finished_run_is_known_again_when_the_broker_was_emptied(own: Stack) -> None:
    """Its report was written once and stays; nothing is trained again."""
    assert own.json("train", own.file(SHORT), "--run", "old")["status"] == "completed"
    before = own.json("show", "old")
    own.down()
    shutil.rmtree(own.home / "nats" / "store")
    own.up()
    async with own.connect() as connected:
        told = await report(connected, "old")
    assert told["policy"] == before["policy"]
    assert [row["run_id"] for row in own.json("runs")] == ["old"]
    assert own.cli("follow", "old").returncode == 0


async def _continued(stack: Stack, run: str) -> None:
    """The run ends as it would have, every fact said once, and its report is whole."""
    async with stack.connect() as connected:
        ended = await end(connected.facts, run)
        assert isinstance(ended, RunCompleted), ended
        assert ended.policy.policy.sha256 == await undisturbed(LONG)
        told = await report(connected, run)
        said = [r.fact for r in await connected.facts.read(*subjects.of_run(run))]
    assert (told["status"], told["versions"]) == ("completed", ended.policy.version)
    kinds = [tag(fact) for fact in said]
    assert kinds.count("policy.updated") == ended.policy.version + 1
    assert kinds.count("rewards.ready") == ended.policy.version
    assert len(told["training"]) > 0


async def _following(stack: Stack, *words: str) -> "subprocess.Popen[str]":
    """A command that has begun to show a run."""
    begun = stack.popen(*words)
    assert begun.stdout is not None
    assert await asyncio.to_thread(begun.stdout.readline)
    return begun


async def _reaches(stack: Stack, run: str, version: int) -> None:
    async with stack.connect() as connected:
        await updated(connected.facts, run, version)
