"""A rollout that hangs once on a whole stack, with a factor: a second copy ends its version."""

from faastraingym.events.pipeline import subjects
from faastraingym.schemas.messages import RolloutReissued, RunCompleted
from tests.stack.facts import end, report
from tests.stack.specs import SHORT, undisturbed
from tests.stack.support import Gate, Stack
from tests.stack.test_stragglers import straggling


async def test_a_rollout_that_hangs_once_is_overtaken_by_its_second_copy(
    stack: Stack, gate: Gate
) -> None:
    """One of three hangs, in the second version, to the end of the run, which waits for it not.

    The gate opens when the run is over: exec_timeout, 120 s, would have freed the rollout else.
    """
    steps = SHORT["rollout"]["num_steps"]
    spec = straggling(gate, after=steps, count=3, straggler_factor=3.0, deadline_seconds=600.0)
    stack.start("overtaken", spec)
    async with stack.connect() as connected:
        ended = await end(connected.facts, "overtaken")
        assert isinstance(ended, RunCompleted), ended
        assert gate.path.exists()
        assert gate.path.with_suffix(".taken").exists()
        said = await connected.facts.read(subjects.below(RolloutReissued, "overtaken"))
        copied = await connected.facts.usage("overtaken", "rollout")
        told = await report(connected, "overtaken")
    gate.open()
    assert {record.fact.version for record in said} >= {1}  # a busy machine may be late elsewhere
    assert len([one for one in copied if one.retried]) == len(said)
    assert told["reissued_rollouts"] == len(said)
    shown = stack.cli("show", "overtaken")
    assert f"stragglers: {len(said)} rollouts issued a second time" in shown.stdout
    assert ended.policy.policy.sha256 == await undisturbed(spec)
