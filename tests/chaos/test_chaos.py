"""A short storm over a real stack: runs and experiments end as if nothing had happened."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.chaos.plan import FUNCTION, KINDS, LOSSES, OF_EXPERIMENTS, plan
from tests.chaos.specs import SPECS, learns, with_lag
from tests.chaos.survival import survive
from tests.stack.specs import calm

STOP = {"stop": {"env_steps": 2_560}}  # 40 iterations


@pytest.mark.parametrize(
    ("algorithm", "seed", "lag", "kinds", "count"),
    [
        pytest.param("ppo", 23, None, KINDS, 5, id="ppo"),
        pytest.param("ppo", 113, 1, KINDS, 5, id="lag"),
        pytest.param("ppo", 5, None, LOSSES, 1, id="losses"),
        pytest.param("dqn", 23, None, KINDS, 5, id="dqn"),
        pytest.param("impala", 23, None, KINDS, 5, id="impala"),
        pytest.param("reward", 23, None, (*KINDS[:1], FUNCTION), 5, id="reward"),
        pytest.param("evaluation", 23, None, KINDS, 5, id="evaluation"),
        pytest.param("halving", 32, None, OF_EXPERIMENTS, 6, id="halving"),
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
    whole = SPECS[algorithm]
    spec = with_lag({**whole, **STOP} if learns(whole) else whole, lag)
    faults, undisturbed = plan(seed, count, kinds), await calm(spec)
    outcome = await survive(
        tmp_path / "home", compiled, algorithm, seed, faults, 2, spec, undisturbed
    )
    assert outcome.breaches == []
    assert outcome.survived == count
