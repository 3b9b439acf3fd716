"""Actions of every space as trajectories keep them, and as environments take them."""

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Text
from msgspec.structs import replace

from faastraingym.algorithms import registry, shape_checks
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.environments import actions, spaces
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.events.pipeline import planning
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.payloads import Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec
from tests.spaces import forget

ENDLESS = Box(np.array([-np.inf, 0, -2], "f"), np.array([np.inf, np.inf, 2], "f"))
SPACES = {
    "starting": (Discrete(3, start=-1), (), "<i4"),
    "choices": (MultiDiscrete([2, 5, 3]), (3,), "<i4"),
    "table": (MultiDiscrete([[2, 5], [3, 4]], np.int32, start=[[1, 0], [-7, 0]]), (4,), "<i4"),
    "bits": (MultiBinary(4), (4,), "<i4"),
    "tablet": (MultiBinary([2, 3]), (6,), "<i4"),
    "endless": (ENDLESS, (3,), "<f4"),
    "matrix": (Box(-1, 1, (2, 2), np.float64), (4,), "<f4"),
    "number": (Box(-1, 1, (), np.float32), (1,), "<f4"),
    "half": (Box(-0.1, 0.1, (2,), np.float16), (2,), "<f4"),
}


class Takes(gymnasium.Env):
    """Takes actions of its space alone, and pays their sum."""

    observation_space = Box(-np.inf, np.inf, (1,), np.float32)

    def __init__(self, space: Any) -> None:
        self.action_space = space

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self.np_random.normal(size=1).astype(np.float32), {}

    def step(self, action: Any) -> Any:
        if not self.action_space.contains(action):
            raise ValueError(f"action {action!r} is not in {self.action_space}")
        return (
            self.np_random.normal(size=1).astype(np.float32),
            float(action.sum()),
            False,
            False,
            {},
        )


@pytest.fixture
def make(make_spec: Callable[..., RunSpec]) -> Iterator[Callable[..., RunSpec]]:
    def build(space: Any, **tables: Any) -> RunSpec:
        gymnasium.registry.pop("Takes-v0", None)
        kwargs = {"space": space}
        gymnasium.register("Takes-v0", entry_point=Takes, kwargs=kwargs, max_episode_steps=5)
        forget()
        algorithm = {"hidden_sizes": [4], "update_epochs": 1, **tables.pop("algorithm", {})}
        return make_spec("Takes-v0", rollout={"num_steps": 8}, algorithm=algorithm, **tables)

    yield build
    gymnasium.registry.pop("Takes-v0", None)
    forget()


@pytest.mark.parametrize("name", SPACES)
def test_every_space_is_acted_in_learnt_from_and_evaluated(
    make: Callable[..., RunSpec], name: str
) -> None:
    """The environment takes no action that its space does not contain."""
    space, elements, dtype = SPACES[name]
    spec = make(space)
    assert spaces.check(spec) == []
    learner = registry.learner(spec)
    state = learner.initialise(spec)
    found = load(dump(collect(spec, learner.project(state), 0, None)), Trajectory)
    assert (found.actions.shape, found.actions.dtype) == ((8, 3, *elements), dtype)
    shape_checks.batch(spec, [found], None)
    after, metrics = learner.update(spec, state, [found], None, planning.update_plan(spec, 0, 0, 1))
    assert metrics["approx_kl"] == pytest.approx(0.0, abs=1e-5)  # one step from what acted
    assert not np.array_equal(
        after.parameters["policy/head/kernel"], state.parameters["policy/head/kernel"]
    )
    assert np.isfinite(evaluate(spec, learner.project(after)).returns).all()
    if space.dtype != np.float16:
        assert len(np.unique(found.actions)) > 1


def test_actions_of_another_space_are_refused(make: Callable[..., RunSpec]) -> None:
    """By dtype as well as by shape."""
    spec = make(MultiBinary(4))
    learner = registry.learner(spec)
    found = collect(spec, learner.project(learner.initialise(spec)), 0, None)
    for wrong in (found.actions.astype(np.float32), found.actions[..., :3], found.actions[..., 0]):
        with pytest.raises(
            PayloadError, match=r"slot 0\.actions: found .*; allowed: <i4 \[T, B, 4"
        ):
            shape_checks.batch(spec, [replace(found, actions=wrong)], None)


def test_what_is_sent_by_literal_numbers() -> None:
    table = SpaceInfo(
        1, False, 14, action_choices=(2, 5, 3, 4), action_starts=(1, 0, -7, 0),
        action_shape=(2, 2), action_dtype="<i4",
    )  # fmt: skip
    sent = actions.sender(table)(np.array([[1, 4, 2, 0]], np.int32))
    assert (sent.dtype, sent.tolist()) == (np.int32, [[[2, 4], [-5, 0]]])
    box = SpaceInfo(1, True, 3, (-np.inf, 0.0, -2.0), (np.inf, np.inf, 6.0))
    given = np.array([[-9.0, -9.0, -9.0], [0.5, 0.5, 0.5]], np.float32)
    assert actions.sender(box)(given).tolist() == [[-9.0, 0.0, -2.0], [0.5, 0.5, 0.5]]
    assert actions.sender(box, rescaled=True)(given).tolist() == [[-9, 0, -2], [0.5, 0.5, 4.0]]
    half = SpaceInfo(1, True, 1, (-0.1,), (0.1,), action_dtype="<f2")
    assert actions.sender(half)(np.ones((1, 1), np.float32)) == np.float16(0.1)


def test_bounded_actions_are_rescaled_where_that_is_asked(make: Callable[..., RunSpec]) -> None:
    """A Box of 6 to 8, of which a mean near 0 is the middle; clipped, it would be the bound."""
    space = Box(6, 8, (1,), np.float32)
    clipped, rescaled = make(space), make(space, algorithm={"rescale_actions": True})
    learner = registry.learner(clipped)
    policy = learner.project(learner.initialise(clipped))
    assert (evaluate(clipped, policy).returns / 5 == 6.0).all()
    np.testing.assert_allclose(evaluate(rescaled, policy).returns / 5, 7.0, atol=0.1)


REFUSED = [
    Text(4),
    Dict(a=Discrete(2)),
    Box(0, 10, (2,), np.int64),
    MultiDiscrete([]),
    Box(-1, 1, (0,)),
]


@pytest.mark.parametrize("space", REFUSED, ids=str)
def test_what_is_refused_is_told_what_is_allowed(make: Callable[..., RunSpec], space: Any) -> None:
    (problem,) = spaces.check(make(space))
    assert problem.startswith(f"spec.environment.id: Takes-v0: PPO cannot act in {space}; it acts")
    assert "in Discrete, MultiDiscrete, MultiBinary and Box of floating-point numbers" in problem


def test_a_specification_without_the_setting_keeps_its_bytes(make: Callable[..., RunSpec]) -> None:
    from faastraingym.schemas.specification import to_dict

    assert "rescale_actions" not in to_dict(make(Discrete(2)))["algorithm"]
    assert describe(make(Discrete(2))).action_elements == ()
