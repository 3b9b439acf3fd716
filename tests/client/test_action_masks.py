"""A policy plays valid actions alone, of which it is told by the observation or by its caller."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from faastraingym import BadInput, Policy, evaluate
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.registry import parse
from faastraingym.schemas import payloads
from tests.client.facts import SPEC
from tests.client.test_policy import report_of
from tests.masked import SIZES, registered


@pytest.fixture(autouse=True)
def gates() -> Iterator[str]:
    with registered() as env_id:
        yield env_id


def policy_of(algorithm: str = "ppo", **kwargs: Any) -> Policy:
    """Prefers later actions, whatever it sees."""
    raw = SPEC | {"environment": {"id": "Gates-v0", "kwargs": kwargs}}
    raw["algorithm"] = {"name": algorithm, "hidden_sizes": []}
    spec, which = parse(raw), {"ppo": "policy", "dqn": "q"}[algorithm]
    info = describe(spec)
    head = {
        f"{which}/head/kernel": np.zeros((info.observation_size, info.action_size), np.float32),
        f"{which}/head/bias": np.arange(info.action_size, dtype=np.float32),
    }
    return Policy(payloads.Policy(version=1, parameters=head), report_of(raw), info)


@pytest.mark.parametrize("algorithm", ["ppo", "dqn"])
@pytest.mark.parametrize("deterministic", [True, False])
def test_masks_that_a_caller_gives(algorithm: str, deterministic: bool) -> None:
    policy = policy_of(algorithm)
    assert policy.needs_action_masks
    seen = np.zeros((2, 7), np.float32)
    masks = [[0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0]]
    actions, _ = policy.predict(seen, deterministic=deterministic, action_masks=masks)
    np.testing.assert_array_equal(actions, [1 + 2, 3 + 2])  # the first action is 2
    action, _ = policy.predict(seen[0], deterministic=deterministic, action_masks=masks[1])
    assert (action, action.shape) == (3 + 2, ())


def test_masks_of_an_observation() -> None:
    policy = policy_of(way="action_mask")
    assert not policy.needs_action_masks
    observation = {"seen": np.zeros(7, np.float32), "action_mask": np.array([1, 1, 0, 0, 0, 0])}
    assert policy.predict(observation)[0] == 1 + 2
    several = {name: np.stack([part, part]) for name, part in observation.items()}
    np.testing.assert_array_equal(policy.predict(several)[0], [3, 3])
    other = policy.predict(observation, action_masks=[1, 0, 0, 0, 0, 0])
    assert other[0] == 2


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("way", ["info", "action_masks"])
@pytest.mark.parametrize("deterministic", [True, False])
def test_episodes_are_played_by_valid_actions(kind: str, way: str, deterministic: bool) -> None:
    """The environment fails on others; a new one, and one that was made elsewhere."""
    policy = policy_of(kind=kind, way=way)
    found = evaluate(policy, "Gates-v0", episodes=3, deterministic=deterministic)
    assert found.lengths.tolist() == [7, 7, 7]
    made = gymnasium.make("Gates-v0", kind=kind, way=way)
    again = evaluate(policy, made, episodes=3, deterministic=deterministic)
    assert again.lengths.tolist() == [7, 7, 7]


def test_a_saved_policy_knows_its_masks(tmp_path: Path) -> None:
    file = policy_of().save(tmp_path / "policy.npz")
    assert Policy.load(file).needs_action_masks
    assert Policy.load(file, env="Gates-v0").needs_action_masks


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        (None, r"Gates-v0 tells which actions are valid; give action_masks = info\[\"action_mask"),
        ([0] * 6, "action_masks forbids every action; allow at least one"),
        ([1] * 5, r"action_masks has the shape \(5,\); allowed: an array of 6 values, 1 where"),
        ([2] * 6, "action_masks has 2; allowed: an array of 6 values"),
        ("all", "action_masks is a str; allowed: an array of 6 values"),
    ],
)
def test_bad_masks_are_refused(masks: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        policy_of().predict(np.zeros(7, np.float32), action_masks=masks)


@pytest.mark.parametrize("masks", [[[1] * 6], 1, [1] * 6])
def test_a_batch_needs_a_mask_for_each_observation(masks: Any) -> None:
    with pytest.raises(BadInput, match="action_masks"):
        policy_of().predict(np.zeros((2, 7), np.float32), action_masks=masks)


def test_a_missing_part_is_named() -> None:
    with pytest.raises(BadInput, match="observation part 'action_mask' is not there"):
        policy_of(way="action_mask").predict({"seen": np.zeros(7, np.float32)})


def test_a_policy_without_masks_takes_none() -> None:
    raw = SPEC | {"algorithm": {"name": "ppo", "hidden_sizes": []}}
    info = describe(parse(raw))
    head = {"policy/head/kernel": np.zeros((4, 2), "f4"), "policy/head/bias": np.zeros(2, "f4")}
    policy = Policy(payloads.Policy(version=1, parameters=head), report_of(raw), info)
    with pytest.raises(BadInput, match="action_masks: the policy of CartPole-v1 knows none; leave"):
        policy.predict(np.zeros(4, np.float32), action_masks=[1, 0])
