"""Masked actions through the functions, in process: Taxi-v4, whose masks are in `info`.

As tests/test_loop.py. Half of a run and the rest are the whole, in any order of messages.
"""

from typing import Any

import numpy as np
import pytest

from faastraingym.functions.update_policy import handler as update_policy
from faastraingym.functions.update_policy.warm_windows import WarmWindows
from faastraingym.schemas.messages import RunResumed
from faastraingym.schemas.payloads import Trajectory, load
from tests.test_lag import told
from tests.test_loop import Platform, TwiceAndBackwards, train

pytestmark = pytest.mark.usefixtures("cold_learner")

ALGORITHMS: dict[str, dict[str, Any]] = {
    "ppo": {"name": "ppo", "hidden_sizes": [8], "normalize_observations": True},
    "recurrent ppo": {
        "name": "ppo",
        "num_minibatches": 2,
        "recurrent": {"cell": "lstm", "size": 8},
        "hidden_sizes": [8],
    },
    "impala": {"name": "impala", "hidden_sizes": [8]},
    "dqn": {
        "name": "dqn",
        "hidden_sizes": [8],
        "capacity": 192,
        "batch_size": 16,
        "gradient_steps": 4,
        "learning_starts": 64,
        "prioritized": True,
        "double": True,
        "n_step": 3,
    },
}
STEPS, MADE = 320, ("trajectories/", "policies/", "learner/")


def specification(algorithm: str, **stop: int) -> dict[str, Any]:
    return {
        "seed": 7,
        "environment": {"id": "Taxi-v4", "num_envs": 2},
        "rollout": {"count": 2, "num_steps": 16},
        "algorithm": ALGORITHMS[algorithm],
        "evaluation": {"every": 100, "episodes": 1},
        "stop": {"env_steps": STEPS, **stop},
    }


def objects(platform: Platform) -> dict[str, bytes]:
    data = platform.objects.data
    return {key: data[key] for key in data if any(made in key for made in MADE)}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_masked_run_in_two_halves_equals_the_whole(algorithm: str) -> None:
    """Each object, bit for bit; and every action that counts was valid."""
    whole = await train(Platform(), specification(algorithm))
    halves = specification(algorithm, env_steps=STEPS // 2, horizon=STEPS)
    halved = await train(TwiceAndBackwards(), halves)
    assert 0 < max(told(halved).policies) < max(told(whole).policies)
    update_policy.WINDOWS = WarmWindows(0)
    manifest = next(r.fact.manifest for _, r in halved.facts.log if hasattr(r.fact, "manifest"))
    rest = RunResumed(run="demo", segment=1, manifest=manifest, env_steps=STEPS, target=None)
    await halved.publish(rest)
    await halved.run()
    assert objects(halved) == objects(whole)
    stored = [data for key, data in objects(whole).items() if "trajectories/" in key]
    for trajectory in (load(data, Trajectory) for data in stored):
        masks = trajectory.observations["info/action_mask"][:-1]
        taken = np.take_along_axis(masks, trajectory.actions[..., None], axis=-1)[..., 0]
        assert taken[trajectory.valid].all()
        assert not masks.all()
