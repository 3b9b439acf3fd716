"""Recovery from the log: what the store lost is made again.

And resumption: a run that stopped and went on equals one that never did.
"""

import asyncio
import io
from collections.abc import Callable
from typing import Any

import pytest

from faastraingym.client.world import Connected
from faastraingym.events.pipeline import subjects
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    PolicyUpdated,
    RolloutCompleted,
    RunCompleted,
    RunStalled,
    StopRequested,
)
from tests.stack.facts import end, report, until, updated
from tests.stack.specs import LONG, SHORT, held, undisturbed
from tests.stack.support import Gate, Stack

BUCKET = "faastraingym"
ANNEALED = {**SHORT["algorithm"], "learning_rate_schedule": "linear"}
Lose = Callable[[Stack, str], None]
Keys = Callable[[str, int], list[str]]


def deleted(stack: Stack, key: str) -> None:
    """The object is gone."""
    stack.s3().remove_object(BUCKET, key)


def flipped(stack: Stack, key: str) -> None:
    """One byte of it is another, and what is kept beside it says that nothing happened."""
    store = stack.s3()
    beside = store.stat_object(BUCKET, key).metadata["x-amz-meta-sha256"]
    data = bytearray(store.get_object(BUCKET, key).data)
    data[len(data) // 2] ^= 1
    metadata = {"sha256": beside}
    store.put_object(BUCKET, key, io.BytesIO(data), len(data), metadata=metadata)


def rotten(stack: Stack, key: str) -> None:
    """One byte is another on the store's own disk, behind its back."""
    data = stack.s3().get_object(BUCKET, key).data
    for volume in (stack.home / "weed" / "data").rglob("*.dat"):
        place = volume.read_bytes().find(data)
        if place >= 0:
            with volume.open("r+b") as file:
                file.seek(place + len(data) // 2)
                file.write(bytes([data[len(data) // 2] ^ 1]))
            return
    raise AssertionError(f"{key} is on no volume")


def everything(run: str, version: int) -> list[str]:
    """Manifest, newest policy and learner state, and what they were learnt from."""
    before = version - 1
    batch = [keys.trajectory(run, before, index) for index in (0, 1)]
    newest = [keys.policy(run, version), keys.learner(run, version)]
    return [keys.manifest(run), *newest, keys.rewards(run, before), *batch]


def newest_learner(run: str, version: int) -> list[str]:
    """One object: SeaweedFS takes 13 s to say that it cannot read it."""
    return [keys.learner(run, version)]


def normalised(gate: Gate) -> dict[str, Any]:
    """A held run whose rewards are objects, too."""
    return {**held(gate), "reward": [{"kind": "normalize"}], "stop": {"env_steps": 600}}


async def _stands_still(stack: Stack, connected: Connected, run: str, gate: Gate) -> int:
    """Hold a run between two versions; the newest version then."""
    await updated(connected.facts, run, 3)
    gate.close()
    stack.kill_replicas("rollout")  # whatever begins from now on is held
    newest = -1

    async def a_rollout_is_missing() -> bool:
        """So no update is under way."""
        nonlocal newest
        newest = await connected.facts.count(subjects.below(PolicyUpdated, run)) - 1
        return await connected.facts.count(subjects.below(RolloutCompleted, run, newest)) < 2

    await until(a_rollout_is_missing)
    return newest


@pytest.mark.parametrize(
    ("lose", "objects"), [(deleted, everything), (flipped, everything), (rotten, newest_learner)]
)
async def test_what_the_store_lost_is_made_again(
    stack: Stack, gate: Gate, lose: Lose, objects: Keys
) -> None:
    """Whole chains of it: who makes an object again finds its own inputs lost, and asks."""
    run = f"bereft-{lose.__name__}"
    gate.open()
    stack.start(run, normalised(gate))
    async with stack.connect() as connected:
        version = await _stands_still(stack, connected, run, gate)
        lost = objects(run, version)
        before = {key: await connected.objects.find(key) for key in lost}
        for key in lost:
            lose(stack, key)
        for function in stack.json("status")["functions"]:  # warm replicas remember the bytes
            stack.kill_replicas(function)
        gate.open()
        ended = await end(connected.facts, run)
        assert isinstance(ended, RunCompleted), ended
        assert ended.policy.policy.sha256 == await undisturbed(normalised(gate))
        for key, ref in before.items():
            assert ref is not None
            # A learner that was made again on the way is remembered by who made it.
            if key not in (keys.policy(run, version), keys.learner(run, version)):
                assert len(await connected.objects.get(ref)) == ref.size, key


async def test_half_a_run_resumed_equals_the_whole_run(stack: Stack) -> None:
    """Schedules anneal over the specification's horizon, not over what a leg was given."""
    whole = {**SHORT, "algorithm": ANNEALED, "stop": {"env_steps": 800}}
    half = {**whole, "stop": {"env_steps": 400, "horizon": 800}}
    assert stack.json("train", stack.file(half), "--run", "half")["env_steps"] < 500
    resumed = stack.cli("resume", "half", "--budget", "800")
    assert resumed.returncode == 0, resumed.stderr
    followed = stack.json("follow", "half")
    assert (followed["status"], followed["leg"]) == ("completed", 1)
    assert followed["policy"]["sha256"] == await undisturbed(whole)
    assert followed["spec"]["stop"]["env_steps"] == 800
    again = stack.cli("resume", "half")
    assert again.returncode == 3
    assert "give it a budget above that" in again.stderr


async def test_a_run_that_was_stopped_goes_on_as_if_nothing_had_been(stack: Stack) -> None:
    """Stop is pause: as often as one likes."""
    stack.start("paused", LONG)
    for segment, version in enumerate((5, 20)):
        async with stack.connect() as connected:
            await updated(connected.facts, "paused", version)
            # as `faastrain stop`, whose process may start later than the run ends
            await connected.facts.publish_once(StopRequested(run="paused", segment=segment))
        assert stack.cli("follow", "paused").returncode == 1
        assert stack.json("show", "paused")["leg"] == segment
        assert stack.cli("resume", "paused").returncode == 0
    followed = stack.json("follow", "paused")
    assert (followed["reason"], followed["leg"]) == ("budget", 2)
    assert followed["policy"]["sha256"] == await undisturbed(LONG)


async def test_old_versions_are_pruned_and_the_run_ends_the_same(stack: Stack) -> None:
    """What is kept is what the run and whoever reads it still need."""
    spec = {**SHORT, "retention": {"versions": 2}, "stop": {"env_steps": 800}}
    told = stack.json("train", stack.file(spec), "--run", "pruned")
    assert told["policy"]["sha256"] == await undisturbed({**SHORT, "stop": {"env_steps": 800}})
    last = told["versions"]
    async with stack.connect() as connected:
        kept = {
            kind: [v for v in range(last + 1) if await connected.objects.find(key("pruned", v))]
            for kind, key in (("policy", keys.policy), ("learner", keys.learner))
        }
    assert kept["learner"] == [last - 2, last - 1, last]
    evaluated = {point["version"] for point in told["evaluations"]}
    assert set(kept["policy"]) == evaluated | {*kept["learner"]}


async def test_a_run_that_cannot_go_on_says_so_and_fails(own: Stack, gate: Gate) -> None:
    """Rollouts that never return are issued again, deadline after deadline, but not for ever."""
    spec = held(gate)
    spec["rollout"] = {**spec["rollout"], "deadline_seconds": 0.1}
    own.start("stuck", spec)
    async with own.connect() as connected:
        await updated(connected.facts, "stuck")
        ending = asyncio.create_task(end(connected.facts, "stuck"))
        while not ending.done():
            assert own.post("/function/reconcile", b"") == 200
            await asyncio.wait([ending], timeout=0.2)
        ended = ending.result()
        stalls = await connected.facts.read(subjects.below(RunStalled, "stuck"))
        assert "no progress: issued again 10 times" in getattr(ended, "reason", "")
        assert "rollout 0 of version 0" in getattr(ended, "reason", "")
        waited = [getattr(stall.fact, "waiting_for", []) for stall in stalls]
        assert len([what for what in waited if "rollout 0 of version 0" in what]) == 10
        gate.open()
        await report(connected, "stuck")  # what was queued is dropped: the run has ended
    assert own.cli("resume", "stuck").returncode == 0
    assert own.json("follow", "stuck")["policy"]["sha256"] == await undisturbed(held(gate))
