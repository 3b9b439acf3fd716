"""Rollouts that do not return: the run waits for none of them longer than it must."""

import asyncio
from typing import Any

from cli.world import Connected
from events import subjects
from schemas.messages import RolloutCompleted, RunCompleted
from tests.stack.environments import STRAGGLING
from tests.stack.facts import end, updated
from tests.stack.specs import SHORT, undisturbed
from tests.stack.support import Gate, Stack


def straggling(gate: Gate, **rollout: Any) -> dict[str, Any]:
    """SHORT, of which one rollout stands still as long as the gate is closed."""
    environment = {"id": STRAGGLING, "num_envs": 2, "kwargs": {"gate": str(gate.path)}}
    return {**SHORT, "environment": environment, "rollout": {**SHORT["rollout"], **rollout}}


async def test_a_rollout_that_never_returns_is_issued_again(stack: Stack, gate: Gate) -> None:
    """Past its deadline another replica collects it, to the same bytes, while the first hangs."""
    stack.start("hanging", straggling(gate, deadline_seconds=1.0))
    async with stack.connect() as connected:
        await updated(connected.facts, "hanging")
        ending = asyncio.create_task(end(connected.facts, "hanging"))
        while not ending.done():
            assert stack.post("/function/reconcile", b"") == 200
            await asyncio.wait([ending], timeout=0.5)
        assert gate.path.exists()
        gate.open()
        said = await _collected(connected, "hanging")
    ended = ending.result()
    assert isinstance(ended, RunCompleted)
    assert ended.policy.policy.sha256 == await undisturbed(straggling(gate))
    assert said == ended.policy.version * 2


async def test_a_straggler_holds_up_nobody_whose_threshold_is_met(stack: Stack, gate: Gate) -> None:
    """One of three hangs; every update learns from the two that came."""
    spec = straggling(gate, count=3, threshold=2)
    stack.start("outrun", spec)
    async with stack.connect() as connected:
        ended = await end(connected.facts, "outrun")
        assert isinstance(ended, RunCompleted)
        assert ended.reason == "budget"
        first = await connected.facts.count(subjects.below(RolloutCompleted, "outrun", 0))
        assert (first, gate.path.exists()) == (2, True)
        gate.open()


async def _collected(connected: Connected, run: str) -> int:
    return await connected.facts.count(subjects.below(RolloutCompleted, run))
