"""Rollouts that do not return: the run waits for none of them longer than it must."""

from typing import Any

from faastraingym.events.pipeline import subjects
from faastraingym.schemas.messages import RolloutCompleted, RunCompleted
from tests.stack.environments import STRAGGLING
from tests.stack.facts import end
from tests.stack.specs import SHORT
from tests.stack.support import Gate, Stack


def straggling(gate: Gate, after: int = 0, **rollout: Any) -> dict[str, Any]:
    """SHORT, of which one rollout stands still as long as the gate is closed."""
    kwargs = {"gate": str(gate.path), "after": after}
    environment = {"id": STRAGGLING, "num_envs": 2, "kwargs": kwargs}
    return {**SHORT, "environment": environment, "rollout": {**SHORT["rollout"], **rollout}}


async def test_a_straggler_holds_up_nobody_whose_threshold_is_met(stack: Stack, gate: Gate) -> None:
    """One of three hangs, in the second version; every update learns from the two that came."""
    spec = straggling(gate, after=SHORT["rollout"]["num_steps"], count=3, threshold=2)
    stack.start("outrun", spec)
    async with stack.connect() as connected:
        ended = await end(connected.facts, "outrun")
        assert isinstance(ended, RunCompleted)
        assert ended.reason == "budget"
        collected = [
            await connected.facts.count(subjects.below(RolloutCompleted, "outrun", version))
            for version in range(ended.policy.version)
        ]
        assert (min(collected), gate.path.exists()) == (2, True)
        assert gate.path.with_suffix(".taken").exists()
        gate.open()
