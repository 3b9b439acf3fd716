"""A recurrent policy in the whole pipeline, in process: half and the rest are the whole."""

from typing import Any

import pytest

from faastraingym.schemas import keys
from faastraingym.schemas.payloads import Trajectory, load
from tests.test_lag import STEPS_OF, Careless, lagging, made, resumed, told
from tests.test_loop import Platform, TwiceAndBackwards, train

LAG = 1


def specification(name: str, **stop: int) -> dict[str, Any]:
    """With episodes that end, and rollouts that go on within them."""
    cell = {"cell": "lstm", "size": 5, "burn_in": 3}
    algorithm = {"name": name, "hidden_sizes": [6], "recurrent": cell}
    return {**lagging(LAG, **stop), "algorithm": algorithm}


@pytest.mark.parametrize("name", ["ppo", "impala"])
async def test_a_budget_in_two_legs_equals_one_that_is_spent_at_once(name: str) -> None:
    """Every object; also where each message comes twice and in the opposite order."""
    whole = await train(Platform(), specification(name))
    stop = {"env_steps": STEPS_OF[LAG] // 2, "horizon": STEPS_OF[LAG]}
    first = await train(TwiceAndBackwards(), specification(name, **stop))
    half, last = max(told(first).policies), max(told(whole).policies)
    assert made(await resumed(first, LAG)) == made(whole)
    assert 0 < half < last
    assert keys.learner("demo", last) in made(whole)


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_depends_on_what_is_lost_repeated_or_broken_off(seed: int) -> None:
    whole = await train(Platform(), specification("ppo"))
    disturbed = await train(Careless(seed), specification("ppo"))
    assert made(disturbed) == made(whole)
    trajectories = [k for k in made(whole) if "/trajectories/" in k]
    carried = [load(made(whole)[key], Trajectory).actor_memory for key in trajectories]
    assert sum(bool(memory.any()) for memory in carried) >= 4  # type: ignore[union-attr]
