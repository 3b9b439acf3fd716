"""A run on the real stack, from the request to the report."""

import signal
from collections import Counter
from typing import Any

import pytest

from faastraingym.client.world import Connected
from faastraingym.events.pipeline import subjects
from faastraingym.schemas import keys
from faastraingym.schemas.messages import EpisodesEvaluated, RunCompleted, StopRequested, tag
from tests.stack.facts import end, report, until, updated
from tests.stack.specs import DEMO, LAGGING, LONG, SHORT, calm, held, undisturbed
from tests.stack.support import Gate, Stack

REQUIRED = {
    "run_id", "status", "reason", "algorithm", "environment", "spec", "versions", "env_steps",
    "episodes", "best_return", "evaluation", "policy", "usage", "wall_seconds",
}  # fmt: skip


async def test_start_and_follow_end_with_a_policy_and_its_report(stack: Stack) -> None:
    """Exit code 0; the report is whole, its picture a PNG; every fact was said once."""
    stack.start("whole", SHORT)
    followed = stack.cli("follow", "whole")
    assert followed.returncode == 0, followed.stderr
    assert "status: completed" in followed.stdout
    async with stack.connect() as connected:
        told = await report(connected, "whole")
        assert told.keys() >= REQUIRED
        assert (told["status"], told["reason"]) == ("completed", "budget")
        policy = await connected.objects.find(told["policy"]["key"])
        assert policy is not None
        assert policy.sha256 == told["policy"]["sha256"]
        picture = await _object(connected, keys.learning_curve("whole"))
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        said = Counter(tag(r.fact) for r in await connected.facts.read(*subjects.of_run("whole")))
    versions = told["versions"]
    said.pop(
        "run.stalled", None
    )  # a deadline may pass on a busy machine; then nothing is made twice
    assert said == {
        "run.requested": 1,
        "run.started": 1,
        "policy.updated": versions + 1,
        "rollout.completed": 2 * versions,
        "rewards.ready": versions,
        "evaluation.completed": len(told["evaluations"]),
        "run.completed": 1,
        "report.written": 1,
    }
    assert told["usage"]["rollout"]["invocations"] >= 2 * versions
    shown = stack.json("show", "whole")
    later = {"usage", "wall_seconds"}  # the report is written before the run's last fact
    assert {k: shown[k] for k in told.keys() - later} == {k: told[k] for k in told.keys() - later}


@pytest.mark.parametrize("spec", [SHORT, LAGGING], ids=["again", "lagging"])
async def test_the_policy_depends_on_the_specification_alone(
    stack: Stack, battered: Stack, spec: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    """Equal bytes twice, with 1 and with 4 rollout replicas, and in one process without servers."""
    expected, name = await undisturbed(spec), request.node.callspec.id
    for where, run in ((stack, f"{name}-1"), (stack, f"{name}-2"), (battered, f"{name}-3")):
        shown = where.json("train", where.file(spec), "--run", run)
        assert (run, shown["policy"]["sha256"]) == (run, expected)


async def test_an_evaluation_in_pieces_is_played_apart_and_merged(stack: Stack, gate: Gate) -> None:
    """Of an environment of one's own, which is not registered where its pieces are merged."""
    gate.open()
    spec = {**held(gate), "evaluation": {"every": 3, "episodes": 6, "pieces": 3}}
    expected = await calm(spec)
    shown = stack.json("train", stack.file(spec), "--run", "in-pieces")
    for what in ("evaluation", "evaluations", "best_return"):
        assert (what, shown[what]) == (what, expected.reports[DEMO][what])
    assert shown["policy"]["sha256"] == expected.sha256
    async with stack.connect() as connected:
        said = [r.fact for r in await connected.facts.read(*subjects.of_run("in-pieces"))]
    played = Counter(f.policy.version for f in said if isinstance(f, EpisodesEvaluated))
    assert played == {point["version"]: 3 for point in expected.reports[DEMO]["evaluations"]}
    assert shown["usage"]["evaluate"]["invocations"] >= played.total()


async def test_killing_a_follower_changes_nothing(stack: Stack, gate: Gate) -> None:
    """kill -9 in mid-run; the run goes on without anybody and ends as it would have."""
    stack.start("unwatched", held(gate))
    follower = stack.popen("follow", "unwatched")
    assert follower.stdout is not None
    assert "requested" in follower.stdout.readline()
    follower.send_signal(signal.SIGKILL)
    follower.communicate()
    assert follower.returncode == -signal.SIGKILL
    gate.open()
    async with stack.connect() as connected:
        ended = await end(connected.facts, "unwatched")
    assert isinstance(ended, RunCompleted)
    assert ended.policy.policy.sha256 == await undisturbed(held(gate))


async def test_a_stopped_run_keeps_the_policy_that_it_has(stack: Stack) -> None:
    """`faastrain stop`: the report says so; nothing more is planned; following tells by 1."""
    stack.start("stopped", LONG)
    async with stack.connect() as connected:
        await updated(connected.facts, "stopped", 3)
        assert stack.cli("stop", "stopped").returncode == 0
        ended = await end(connected.facts, "stopped")
        assert isinstance(ended, RunCompleted)
        assert ended.policy.version >= 3
        told = await report(connected, "stopped")
        stops = await connected.facts.read(subjects.below(StopRequested, "stopped"))
    assert len(stops) == 1
    assert (told["reason"], told["policy"]["sha256"]) == ("stopped", ended.policy.policy.sha256)
    assert stack.cli("follow", "stopped").returncode == 1


async def test_functions_go_to_zero_and_wake_again(stack: Stack) -> None:
    """After the zero-duration no function has a replica, no queue a message; a run wakes them."""

    async def asleep() -> bool:
        status = stack.json("status")
        rows = status["functions"].values()
        return not any(row["replicas"] or row["available_replicas"] for row in rows)

    assert stack.json("train", stack.file(SHORT), "--run", "before-sleep")["status"] == "completed"
    await until(asleep)
    assert stack.json("status")["streams"]["FTG_ASYNC"]["messages"] == 0
    assert not any(stack.replicas(name) for name in stack.json("status")["functions"])
    assert stack.json("train", stack.file(SHORT), "--run", "after-sleep")["status"] == "completed"
    assert stack.replicas("rollout")


async def _object(connected: Connected, key: str) -> bytes:
    ref = await connected.objects.find(key)
    assert ref is not None
    return bytes(await connected.objects.get(ref))
