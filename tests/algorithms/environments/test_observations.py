"""Observations in the dtype and shape of their space, on the wire, in memory and to networks."""

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from msgspec.structs import replace

from faastraingym.algorithms import registry, shape_checks
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.environments.observations import features, of_any_version, stored
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.events.pipeline import planning
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.payloads import Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec

SPACES = {
    "Image-v0": Box(0, 255, (6, 5, 3), np.uint8),
    "Doubles-v0": Box(-1, 1, (2, 3), np.float64),
    "State-v0": Discrete(5, start=2),
}


class Shows(gymnasium.Env):
    """Random observations of a space."""

    action_space = Discrete(2)

    def __init__(self, space: str) -> None:
        self.observation_space = SPACES[space]

    def _seen(self) -> Any:
        if isinstance(self.observation_space, Discrete):
            return np.int64(2 + self.np_random.integers(5))
        drawn = self.np_random.integers(0, 256, self.observation_space.shape)
        if self.observation_space.dtype == np.uint8:
            return drawn.astype(np.uint8)
        return drawn / 256 + 1e-12  # which float32 does not tell from 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self._seen(), {}

    def step(self, action: int) -> Any:
        return self._seen(), 1.0, False, False, {}


@pytest.fixture(params=SPACES)
def spec(request: pytest.FixtureRequest, make_spec: Callable[..., RunSpec]) -> Iterator[RunSpec]:
    name = request.param
    gymnasium.register(name, entry_point=Shows, kwargs={"space": name}, max_episode_steps=3)
    algorithm = {"hidden_sizes": [4], "update_epochs": 1}
    yield make_spec(name, rollout={"num_steps": 8}, algorithm=algorithm)
    del gymnasium.registry[name]


def collected(spec: RunSpec, previous: Trajectory | None = None) -> Trajectory:
    learner = registry.learner(spec)
    return collect(spec, learner.project(learner.initialise(spec)), 0, previous)


def test_a_trajectory_has_the_space_s_dtype_and_shape(spec: RunSpec) -> None:
    space, info = SPACES[spec.environment.id], describe(spec)
    found = load(dump(collected(spec)), Trajectory)
    assert found.observations.dtype == space.dtype
    assert found.observations.shape == (9, 3, *(space.shape or ()))
    read = features(found.observations, info)
    assert (read.dtype, read.shape) == (np.float32, (9, 3, info.observation_size))
    if isinstance(space, Discrete):
        assert (read.argmax(axis=-1) == found.observations).all()
        assert (read.sum(axis=-1) == 1.0).all()
        assert set(np.unique(found.observations)) <= set(range(5))
    else:
        flat = found.observations.astype(np.float32).reshape(9, 3, -1)
        assert np.array_equal(read, flat)


def test_images_take_a_byte_each(spec: RunSpec) -> None:
    """And nobody calculates statistics of them that nobody wants."""
    found = collected(spec)
    if spec.environment.id == "Image-v0":
        assert found.observations.nbytes == 9 * 3 * 90
        assert found.statistics is None


def older(found: Trajectory, info: SpaceInfo) -> Trajectory:
    """As it was once written: features."""
    return replace(found, observations=features(found.observations, info))


def test_what_older_trajectories_say_is_learnt_from_and_gone_on_from(spec: RunSpec) -> None:
    """To the same bits."""
    info, first = describe(spec), collected(spec)
    once = load(dump(older(first, info)), Trajectory)
    assert features(of_any_version(once.observations, info), info).tobytes() == (
        features(first.observations, info).tobytes()
    )
    for found in (first, once):
        shape_checks.batch(spec, [found], None)
        shape_checks.continued(spec, found)
    after, after_once = (collected(spec, previous) for previous in (first, once))
    assert dump(replace(after, observations=after.observations[1:])) == dump(
        replace(after_once, observations=after_once.observations[1:])
    )
    learner = registry.learner(spec)
    state, plan = learner.initialise(spec), planning.update_plan(spec, 0, 0, 1)
    versions = [dump(learner.update(spec, state, [t], None, plan)[0]) for t in (first, once)]
    assert versions[0] == versions[1]


def test_an_observation_outside_of_its_discrete_space_is_named() -> None:
    info = SpaceInfo(3, False, 2, observation_start=5, observation_dtype="<i8")
    assert stored(np.array([7, 5]), info).tolist() == [2, 0]
    for outside in (4, 8):
        with pytest.raises(ValueError, match=rf"observation {outside} is not in Discrete\(3\), 5 "):
            stored(np.array([5, outside]), info)


def test_observations_of_a_dict_space_travel_by_name(spec: RunSpec) -> None:
    """They are not read yet, and that is said."""
    found = collected(spec)
    named = {"a": found.observations, "b": np.zeros((9, 3, 2), np.uint8)}
    there = load(dump(replace(found, observations=named)), Trajectory)
    assert np.array_equal(there.observations["b"], named["b"])
    assert there.observations["a"].dtype == found.observations.dtype
    with pytest.raises(PayloadError, match="found several arrays; allowed: one"):
        shape_checks.continued(spec, there)
    for wrong in ({"a": found.observations[1:]}, {"a": 3}, None, 7, [["x"]]):
        with pytest.raises(PayloadError, match=r"Trajectory\.(observations|actions)"):
            load(dump(replace(found, observations=wrong)), Trajectory)
