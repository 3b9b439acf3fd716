"""Observations that their Box does not contain are told before a run starts."""

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

from faastraingym.algorithms.environments import outside, spaces
from tests.spaces import forget

Make = Callable[..., Any]
ZEROS = np.zeros(2, np.float32)


class Scripted(gymnasium.Env):
    """Its observations are a script, the last of which it repeats."""

    observation_space: gymnasium.Space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    script: tuple[Any, ...] = (ZEROS,)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.steps = 0
        return self.script[0], {}

    def step(self, action: Any) -> Any:
        self.steps += 1
        seen = self.script[min(self.steps, len(self.script) - 1)]
        if isinstance(seen, Exception):
            raise seen
        return seen, 1.0, False, False, {}


@pytest.fixture
def spec_of(make_spec: Make) -> Iterator[Callable[..., Any]]:
    """The specification of an environment that gives these observations."""

    def made(*script: Any, **attributes: Any) -> Any:
        kind = type("Scripted", (Scripted,), {"script": script, **attributes})
        gymnasium.registry.pop("Scripted-v0", None)
        gymnasium.register("Scripted-v0", entry_point=kind, max_episode_steps=9)
        forget()
        return make_spec("Scripted-v0", rollout={"num_steps": 4})

    yield made
    del gymnasium.registry["Scripted-v0"]
    forget()


def test_the_first_number_outside_of_the_bounds_is_named(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(np.array([0.0, 2.0], np.float32), np.array([-3.0, 0.0], np.float32))
    assert spaces.check(spec) == []  # training takes it
    assert outside.advice(spec) == [
        "Scripted-v0: reset's observation has 2.0, outside of the bounds of its observation_space "
        "Box(-1.0, 1.0, (2,), float32); training takes it as it is: correct the bounds, or clip "
        "the observation"
    ]


def test_a_wider_dtype_is_named_with_its_step(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(ZEROS, ZEROS, ZEROS.astype(np.float64))
    assert outside.advice(spec) == [
        "Scripted-v0: step 2's observation is float64, which its observation_space Box(-1.0, 1.0, "
        "(2,), float32) does not contain; training rounds it to float32: return observations of "
        "float32, as np.asarray(observation, np.float32)"
    ]


def test_one_sentence_for_each_kind(spec_of: Callable[..., Any]) -> None:
    found = outside.advice(spec_of(ZEROS, np.array([0.0, -1.5]), np.array([7.0, 7.0])))
    assert [sentence.split(" observation ")[1].split(",")[0] for sentence in found] == [
        "is float64",
        "has -1.5",
    ]


def test_a_part_is_named_by_its_path(spec_of: Callable[..., Any]) -> None:
    inner = Scripted.observation_space
    nested = gymnasium.spaces.Dict({"room": gymnasium.spaces.Discrete(4), "at": inner})
    fits, off = {"room": 3, "at": ZEROS}, {"room": 3, "at": ZEROS - 2}
    assert outside.advice(spec_of(fits, observation_space=nested)) == []
    (told,) = outside.advice(spec_of(fits, off, observation_space=nested))
    assert told.startswith("Scripted-v0: step 1's observation part 'at' has -2.0, outside of the b")


@pytest.mark.parametrize(
    "script",
    [
        (ZEROS,),
        (ZEROS, [0.5, -1.0]),  # a list has no dtype
        (np.zeros(2, np.float16),),  # every one is a float32
        (ZEROS, np.array([1.0, -1.0], np.float32)),  # the bounds are within
        (ZEROS, ValueError("of its own")),  # which other checks report
    ],
    ids=str,
)
def test_what_is_within_is_not_told(spec_of: Callable[..., Any], script: Any) -> None:
    assert outside.advice(spec_of(*script)) == []


def test_a_slow_environment_is_looked_at_for_less(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(ZEROS, ZEROS, ZEROS, np.array([9.0, 9.0], np.float32))
    assert len(outside.advice(spec)) == 1
    times = iter((0.0, 0.1, 0.4))
    assert outside.advice(spec, lambda: next(times)) == []


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Acrobot-v1", "FrozenLake-v1"])
def test_gymnasium_s_own_keep_their_spaces(make_spec: Make, env_id: str) -> None:
    assert outside.advice(make_spec(env_id)) == []
