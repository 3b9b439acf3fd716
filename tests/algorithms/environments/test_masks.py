"""Masks are found, stored, and refused in words; no invalid action is ever sent."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete

from faastraingym.algorithms import registry, shape_checks
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.environments import masks, spaces
from faastraingym.algorithms.environments.leaves import Leaf
from faastraingym.algorithms.environments.observations import features
from faastraingym.algorithms.environments.space_info import describe, of_spaces
from faastraingym.algorithms.errors import EnvironmentFailed, Misfit
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.payloads import Policy, Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec
from tests.masked import SIZES, registered

KINDS = ("discrete", "choices", "bits")
WAYS = {"info": "info/action_mask", "action_mask": "action_mask", "action_masks": "action_masks"}
BOX = Box(-1, 1, (2,), np.float32)
NO_MASK = (
    "its observation part 'action_mask' is MultiBinary(4), and is no mask of Discrete(5); "
    "allowed: MultiBinary(5), 1 where an action is valid, or another name for the part"
)


@pytest.fixture(autouse=True)
def gates() -> Iterator[str]:
    with registered() as env_id:
        yield env_id


def make(algorithm: dict[str, Any] | None = None, **kwargs: Any) -> RunSpec:
    return parse(
        {
            "environment": {"id": "Gates-v0", "num_envs": 3, "kwargs": kwargs},
            "algorithm": algorithm or {"name": "ppo"},
            "rollout": {"num_steps": 16, "count": 1},
            "evaluation": {"episodes": 3},
            "stop": {"env_steps": 1000},
            "seed": 5,
        }
    )


def first_policy(spec: RunSpec) -> Policy:
    learner = registry.learner(spec)
    return learner.project(learner.initialise(spec))


def collected(spec: RunSpec, previous: Trajectory | None = None) -> Trajectory:
    return collect(spec, first_policy(spec), 0, previous)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_masks_are_found_stored_and_obeyed(kind: str, way: str) -> None:
    """The environment fails on an action that is not valid."""
    spec = make(kind=kind, way=way)
    assert spaces.check(spec) == []
    info = describe(spec)
    size = sum(SIZES[kind])
    assert info.mask == Leaf(WAYS[way], "|b1", (size,), "mask", SIZES[kind])
    assert info.mask_is_in_info is (way == "info")
    assert info.observation_size == size + 1  # the mask is no part of it
    one = collected(spec)
    other = collected(spec, load(dump(one), Trajectory))
    shape_checks.batch(spec, [other], None)
    for trajectory in (one, other):
        found = trajectory.observations[WAYS[way]]
        assert (found.dtype, found.shape) == (np.dtype(np.bool_), (17, 3, size))
        seen = features(trajectory.observations, info)
        assert seen.shape == (17, 3, size + 1)
        ended = np.concatenate([np.zeros((1, 3), np.bool_), trajectory.terminated])
        assert (found == (seen[..., :-1] > 0)).all()  # which the environment shows, too
        assert not found[ended].any()
    assert len(evaluate(spec, first_policy(spec)).returns) == 3


def test_the_taxi_of_gymnasium_is_masked(make_spec: Any) -> None:
    spec = make_spec("Taxi-v4")
    assert describe(spec).mask == Leaf("info/action_mask", "|b1", (6,), "mask", (6,))
    assert spaces.check(spec) == []


def test_others_have_no_mask(make_spec: Any) -> None:
    assert describe(make_spec("CartPole-v1")).mask is None
    assert describe(make_spec("Pendulum-v1")).mask is None


@pytest.mark.parametrize(
    ("spoilt", "at", "words"),
    [
        ("nothing", 0, "reset's {mask} forbids every action; allow at least one"),
        ("shape", 0, "could not be reset: {mask} has the shape (5,); allowed: an array"),
        ("dtype", 0, "could not be reset: {mask} is a str; allowed: an array of 6 values"),
        ("value", 0, "could not be reset: {mask} has 3; allowed: an array of 6 values"),
        ("missing", 1, "could not be stepped: {mask} is not there, though the first reset had it"),
    ],
)  # fmt: skip
def test_bad_masks_are_refused_at_start(spoilt: str, at: int, words: str) -> None:
    (problem,) = spaces.check(make(spoilt=spoilt, at=at))
    assert words.format(mask='info["action_mask"]') in problem
    assert problem.startswith("spec.environment.id: Gates-v0")


def test_a_mask_that_reset_does_not_give_is_refused_at_start() -> None:
    (problem,) = spaces.check(make(spoilt="missing", at=0))
    assert "step's info has 'action_mask', and reset's has none" in problem


@pytest.mark.parametrize("way", ["info", "action_mask"])
def test_a_mask_that_forbids_every_action_ends_the_run(way: str) -> None:
    spec = make(spoilt="nothing", at=3, way=way)
    mask = {"info": 'info["action_mask"]'}.get(way, "observation part 'action_mask'")
    with pytest.raises(EnvironmentFailed) as failure:
        collected(spec)
    assert str(failure.value) == (
        f"Gates-v0, policy version 0, slot 0, step 2, environment 0: {mask} forbids every action "
        "of a state that is not terminal; allow at least one, or end the episode with "
        "terminated = True"
    )
    with pytest.raises(EnvironmentFailed, match="evaluation of policy version 0, step 2, env"):
        evaluate(spec, first_policy(spec))


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ("missing", "is not there, though the first reset had it; give one with every reset and"),
        ("shape", r"has the shape \(5,\); allowed: an array of 6 values, 1 where an action"),
        ("dtype", "is a str; allowed: an array of 6 values"),
        ("value", "has 2; allowed: an array of 6 values"),
    ],
)
def test_a_mask_that_is_none_midway_ends_the_run(spoilt: str, words: str) -> None:
    spec = make(spoilt=spoilt, at=3)
    where = r"Gates-v0, policy version 0, slot 0, step 2: environment 0: info\[\"action_mask\"\] "
    with pytest.raises(EnvironmentFailed, match=where + words):
        collected(spec)
    with pytest.raises(EnvironmentFailed, match="evaluation of policy version 0, step 2: env"):
        evaluate(spec, first_policy(spec))


def test_a_part_with_other_numbers_than_0_and_1_ends_the_run() -> None:
    spec = make(spoilt="value", at=3, way="action_masks")
    where = "Gates-v0, policy version 0, slot 0, step 2: observation part 'action_masks' has 2; "
    with pytest.raises(EnvironmentFailed, match=where):
        collected(spec)


@pytest.mark.parametrize(
    ("observed", "acted", "words"),
    [
        (Dict(board=BOX, action_mask=MultiBinary(4)), Discrete(5), NO_MASK),
        (Dict(board=BOX, action_masks=MultiBinary(3)), MultiBinary(3), "allowed: MultiBinary(6)"),
        (Dict(action_mask=MultiBinary(5)), Discrete(5), "are a mask alone; give a policy another"),
    ],
)  # fmt: skip
def test_parts_that_are_no_masks_are_refused(observed: Any, acted: Any, words: str) -> None:
    with pytest.raises(EnvironmentFailed) as refusal:
        of_spaces("Board-v0", observed, acted, "ppo", ("Discrete", "MultiBinary"))
    assert words in str(refusal.value)


def test_a_part_of_that_name_is_no_mask_of_numbers() -> None:
    found = of_spaces("Arm-v0", Dict(action_mask=BOX, arm=BOX), BOX, "ppo", ("Box",))
    assert found.mask is None
    assert found.observation_size == 4


def test_each_element_needs_a_choice() -> None:
    leaf = masks.leaf_of("action_mask", (2, 3))
    allowed = np.array([[1, 0, 0, 0, 1], [1, 1, 0, 0, 0], [0, 0, 1, 1, 1]], np.bool_)
    np.testing.assert_array_equal(masks.allows(allowed, leaf), [True, False, False])


def test_trials_draw_valid_actions() -> None:
    class Acts:
        action_space = MultiDiscrete([3, 2], start=[1, 0])

    leaf, seen = masks.leaf_of("mask", (3, 2)), {"mask": np.array([0, 1, 1, 1, 0], np.int8)}
    environment: Any = Acts()
    drawn = np.array([3, 1])  # choices 2 and 1: the first has two valid ones, 1 and 2
    valid = masks.valid_action(drawn, seen, environment, leaf)
    np.testing.assert_array_equal(valid, [2, 0])
    assert valid.dtype == drawn.dtype


@pytest.mark.parametrize("mask", [[1, 0, np.nan], [[1, 0, 1]], [1, [0, 1], 1], None, ["a"] * 3])
def test_what_is_no_mask(mask: Any) -> None:
    with pytest.raises(Misfit, match=r"^info\[\"action_mask\"\] (has|is) .*; allowed: an array of"):
        masks.boolean(mask, 3)
