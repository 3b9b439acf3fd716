"""IMPALA in the whole pipeline, in process: half and the rest are the whole, bit for bit."""

from typing import Any

from faastraingym.schemas import keys
from tests.test_lag import STEPS_OF, lagging, made, resumed, told
from tests.test_loop import Platform, TwiceAndBackwards, train

LAG = 3


def specification(**stop: int) -> dict[str, Any]:
    algorithm = {"name": "impala", "hidden_sizes": [8], "normalize_observations": True}
    return {**lagging(LAG, **stop), "algorithm": algorithm}


async def test_a_budget_in_two_legs_equals_one_that_is_spent_at_once() -> None:
    """Every object; also where each message comes twice and in the opposite order."""
    whole = await train(Platform(), specification())
    first = await train(
        TwiceAndBackwards(), specification(env_steps=STEPS_OF[LAG] // 2, horizon=STEPS_OF[LAG])
    )
    half = max(told(first).policies)
    assert made(await resumed(first, LAG)) == made(whole)
    last = max(told(whole).policies)
    assert 0 < half < last
    assert keys.learner("demo", last) in made(whole)
    assert told(whole).policies[last].metrics["staleness_max"] == LAG
