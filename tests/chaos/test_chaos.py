"""A short storm over a real stack: the runs end as if nothing had happened."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.chaos.plan import KINDS, LOSSES, plan
from tests.chaos.specs import SPECS, with_lag
from tests.chaos.survival import survive
from tests.stack.specs import calm

STOP = {"stop": {"env_steps": 2_560}}  # 40 iterations


@pytest.mark.parametrize(
    ("algorithm", "seed", "lag", "kinds", "count"),
    [
        ("ppo", 23, None, KINDS, 5),
        ("ppo", 113, 1, KINDS, 5),
        ("ppo", 5, None, LOSSES, 1),
        ("dqn", 23, None, KINDS, 5),
        ("impala", 23, None, KINDS, 5),
    ],
)
async def test_a_stack_under_chaos_keeps_every_promise(
    tmp_path: Path,
    compiled: Path,
    algorithm: str,
    seed: int,
    lag: int | None,
    kinds: Sequence[str],
    count: int,
) -> None:
    """Repeat and lengthen it with `python -m tests.chaos --seeds 23 --faults 5`."""
    spec = with_lag({**SPECS[algorithm], **STOP}, lag)
    faults, undisturbed = plan(seed, count, kinds), await calm(spec)
    outcome = await survive(
        tmp_path / "home", compiled, algorithm, seed, faults, 2, spec, undisturbed
    )
    assert outcome.breaches == []
    assert outcome.survived == count
