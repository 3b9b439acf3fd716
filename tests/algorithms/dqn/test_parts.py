"""Observations of several parts: what is learnt of them is what is learnt of the same numbers."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict
from msgspec.structs import replace

from faastraingym.schemas.payloads import LearnerState
from tests.algorithms.off_policy.runs import a_ring, a_spec, go_on, started

ANY = Box(-np.inf, np.inf, (2,), np.float32)


class Parts(gymnasium.ObservationWrapper):  # type: ignore[type-arg]
    """CartPole, whose cart and pole are two parts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(gymnasium.make("CartPole-v1", **kwargs))
        self.observation_space = Dict(cart=ANY, pole=ANY)

    def observation(self, observation: Any) -> Any:
        return {"cart": observation[:2], "pole": observation[2:]}


@pytest.fixture(autouse=True)
def parts() -> Iterator[None]:
    one = lambda **kwargs: gymnasium.make("CartPole-v1", **kwargs)  # noqa: E731
    gymnasium.register("Parts-v0", entry_point=Parts, max_episode_steps=500)
    gymnasium.register("One-v0", entry_point=one, max_episode_steps=500)
    yield
    del gymnasium.registry["Parts-v0"], gymnasium.registry["One-v0"]


def learnt(env_id: str, **algorithm: Any) -> LearnerState:
    spec = a_spec(**algorithm)
    spec = replace(spec, environment=replace(spec.environment, id=env_id))
    return go_on(spec, started(spec), {}, a_ring(spec), 6)[0]


@pytest.mark.parametrize("n_step", [1, 3])
def test_parts_are_learnt_from_as_one_array_is(n_step: int) -> None:
    expected, found = learnt("One-v0", n_step=n_step), learnt("Parts-v0", n_step=n_step)
    assert found.env_steps == expected.env_steps
    for name, values in expected.parameters.items():
        np.testing.assert_array_equal(found.parameters[name], values, err_msg=name)
    np.testing.assert_equal(int(expected.optimizer["steps"]), 5 * 4)
