"""The policy that learns is the one that acted: a mask that the loss ignores shows at once."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from faastraingym.algorithms import registry
from faastraingym.algorithms.actor_critic.batches import assemble
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.registry import parse
from faastraingym.events.pipeline import planning
from faastraingym.schemas.payloads import Trajectory
from tests.masked import registered

ONE_STEP = {"num_minibatches": 1, "update_epochs": 1}
ALGORITHMS: dict[str, dict[str, Any]] = {
    "ppo": {**ONE_STEP},
    "ppo, decoupled": {**ONE_STEP, "decoupled_weight_max": 2.0},
    "ppo, recurrent": {**ONE_STEP, "recurrent": {"cell": "gru", "size": 8}},
    # the cell as wide as the trunk: one could be taken for the other
    "ppo, recurrent and shared": {
        **ONE_STEP,
        "recurrent": {"size": 8},
        "network": {"trunk": "shared"},
    },
    "a2c": {},
    "impala": {},
}


@pytest.fixture(autouse=True)
def gates() -> Iterator[str]:
    with registered() as env_id:
        yield env_id


def learnt(name: str, kind: str, horizon: str = "steps") -> tuple[Any, Any, dict[str, float]]:
    """A specification, a batch of its first version, and the metrics of learning from it."""
    rollout = {"count": 2, "num_steps": 16, "horizon": horizon}
    spec = parse(
        {
            "environment": {"id": "Gates-v0", "num_envs": 3, "kwargs": {"kind": kind}},
            "algorithm": {"name": name.partition(",")[0], "hidden_sizes": [8], **ALGORITHMS[name]},
            "rollout": rollout,
            "stop": {"env_steps": 1000},
            "seed": 3,
        }
    )
    learner = registry.learner(spec)
    state = learner.initialise(spec)
    batch = [collect(spec, learner.project(state), slot, None) for slot in range(2)]
    plan = planning.update_plan(spec, 0, 0, 96)
    return spec, batch, learner.update(spec, state, batch, None, plan)[1]


@pytest.mark.parametrize("kind", ["discrete", "choices", "bits"])
@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name.startswith("ppo")])
def test_of_the_policy_that_acted_every_ratio_is_1(name: str, kind: str) -> None:
    _, _, metrics = learnt(name, kind)
    assert metrics["approx_kl"] == pytest.approx(0.0, abs=1e-6)
    assert metrics["clip_fraction"] == 0.0
    assert metrics.get("behaviour_kl", 0.0) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("horizon", ["steps", "episodes"])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_entropy_is_of_valid_actions_alone(name: str, horizon: str) -> None:
    """A new policy is nearly uniform over them, whatever their number is."""
    spec, batch, metrics = learnt(name, "discrete", horizon)
    counts = [masks_of(t).sum(axis=-1)[t.valid] for t in batch]
    assert metrics["entropy"] == pytest.approx(np.log(np.concatenate(counts)).mean(), abs=5e-3)
    assembled = assemble(batch, None, pad=horizon == "episodes", info=describe(spec))
    assert assembled.masks is not None
    assert assembled.masks.shape == (*assembled.rewards.shape, 6)


def test_masks_are_no_features_and_have_no_statistics() -> None:
    """Equal observations under other masks are equal to the networks."""
    spec, batch, _ = learnt("a2c", "discrete")
    info = describe(spec)
    observations = {**batch[0].observations, "info/action_mask": ~masks_of(batch[0], 0)}
    other = replace(batch[0], observations=observations)
    ours, theirs = (assemble([t], None, False, info) for t in (batch[0], other))
    np.testing.assert_array_equal(ours.observations, theirs.observations)
    assert info.observation_size == 7


def masks_of(trajectory: Trajectory, last: int = 1) -> np.ndarray:
    found: np.ndarray = trajectory.observations["info/action_mask"]
    return found[: len(found) - last]
