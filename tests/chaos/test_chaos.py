"""A short storm over a real stack: the runs end as if nothing had happened."""

from pathlib import Path

from tests.chaos.plan import plan
from tests.chaos.specs import CHAOS
from tests.chaos.survival import survive
from tests.stack.specs import calm

SEED, FAULTS = 23, 8  # of every kind but duplicates
SPEC = {**CHAOS, "stop": {"env_steps": 2_560}}  # 40 iterations


async def test_a_stack_under_chaos_keeps_every_promise(tmp_path: Path) -> None:
    """Repeat and lengthen it with `python -m tests.chaos --seeds 23 --faults 8`."""
    faults = plan(SEED, FAULTS)
    undisturbed = await calm(SPEC)
    outcome = await survive(tmp_path / "home", tmp_path / "jax", SEED, faults, 2, SPEC, undisturbed)
    assert outcome.breaches == []
    assert outcome.survived == FAULTS
