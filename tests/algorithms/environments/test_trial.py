"""One reset and one step, held to what collection takes."""

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import RunSpec
from tests.spaces import forget

Make = Callable[..., Any]
BOX = gymnasium.spaces.Box(-1.0, 1.0, (3,), np.float32)
ZEROS = np.zeros(3, np.float32)
STEP = (ZEROS, 1.0, False, False, {})


class Given(gymnasium.Env):
    """Gives what it was told to."""

    observation_space = BOX
    action_space = gymnasium.spaces.Discrete(2)
    from_reset: Any = (ZEROS, {})
    from_step: Any = STEP

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self.from_reset

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action), action
        return self.from_step


class Old(Given):
    def reset(self) -> Any:  # type: ignore[override]
        return ZEROS


@pytest.fixture
def check(make_spec: Make) -> Iterator[Callable[..., list[str]]]:
    """What is wrong with an environment that gives these."""

    def found(kind: type[Given] = Given, **attributes: Any) -> list[str]:
        made = type("Given", (kind,), attributes)
        gymnasium.register("Given-v0", entry_point=made, max_episode_steps=9)
        _forget()
        spec: RunSpec = make_spec("Given-v0", rollout={"num_steps": 4})
        return spaces.check(spec)

    yield found
    del gymnasium.registry["Given-v0"]
    _forget()


def _forget() -> None:
    forget()


def box(dtype: Any, low: float = -np.inf, high: float = np.inf, n: int = 3) -> gymnasium.Space:
    return gymnasium.spaces.Box(low, high, (n,), dtype)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"from_reset": ZEROS}, "reset returned an array of shape (3,) and float32; allowed: (obs"),
    ({"from_reset": [ZEROS, {}]}, "reset returned a list of 2 values; allowed: (observation, i"),
    ({"from_reset": (ZEROS, None)}, "reset's info is None; allowed: a dict"),
    ({"from_reset": (np.zeros(4), {})}, "an array of shape (4,) and float64; allowed: shape (3,)"),
    ({"from_reset": (np.float32(0.5), {})}, "an array of shape () and float32; allowed: shape (3"),
    ({"from_reset": (None, {})}, "reset's observation is None; allowed: shape (3,)"),
    ({"from_reset": ({"a": 1}, {})}, "reset's observation is a dict; allowed: shape (3,)"),
    ({"from_reset": (np.array([0, np.nan, 0]), {})}, "reset's observation has nan; allowed: fin"),
    (
        {"from_reset": (np.array([0, 0, 1e39]), {}), "observation_space": box(np.float64)},
        "reset's observation has 1e+39, beyond float32's largest number, 3.4e+38",
    ),
    (
        {"from_reset": (np.array([300.0, 0, 0]), {}), "observation_space": box(np.uint8, 0, 255)},
        "an array of shape (3,) and float64; allowed: uint8, as its observation_space Box(0, 255",
    ),
    (
        {"from_reset": (5, {}), "observation_space": gymnasium.spaces.Discrete(5)},
        "could not be reset: ValueError: observation 5 is not in Discrete(5), 0 to 4",
    ),
    (
        {"from_reset": (2.0, {}), "observation_space": gymnasium.spaces.Discrete(5)},
        "reset's observation is 2.0; allowed: int64",
    ),
    ({"from_step": STEP[:3] + STEP[4:]}, "(expected 5, got 4); reset returns (observation, info)"),
    ({"from_step": (ZEROS, [1.0], False, False, {})}, "step's reward is a list of 1 values; allow"),
    (
        {"from_step": (ZEROS, np.ones(1), False, False, {})},
        "step's reward is an array of shape (1",
    ),
    ({"from_step": (ZEROS, None, False, False, {})}, "step's reward is None; allowed: one number"),
    ({"from_step": (ZEROS, "1", False, False, {})}, "step's reward is '1'; allowed: one number"),
    ({"from_step": (ZEROS, 1j, False, False, {})}, "step's reward is a complex; allowed: one num"),
    ({"from_step": (ZEROS, np.inf, False, False, {})}, "step's reward has inf; allowed: finite"),
    ({"from_step": (ZEROS, 1e300, False, False, {})}, "step's reward has 1e+300, beyond float32's"),
    ({"from_step": (ZEROS, 1.0, np.ones(2, bool), False, {})}, "step's terminated is an array of"),
    ({"from_step": (ZEROS, 1.0, 2, False, {})}, "step's terminated is 2; allowed: True or False"),
    ({"from_step": (ZEROS, 1.0, None, False, {})}, "step's terminated is None; allowed: True or"),
    ({"from_step": (ZEROS, 1.0, False, {}, {})}, "step's truncated is a dict; allowed: True or Fa"),
    ({"from_step": (ZEROS, 1.0, False, False, None)}, "step's info is None; allowed: a dict"),
    (
        {"from_step": (np.zeros(2), 1.0, False, False, {})},
        "step's observation is an array of sh",
    ),
    ({"kind": Old}, "unexpected keyword argument 'seed'; reset takes `*, seed=None, options=None`"),
]


@pytest.mark.parametrize(("given", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_would_fail_the_first_rollout_is_refused(
    check: Callable[..., list[str]], given: dict[str, Any], words: str
) -> None:
    """What was found, and what is allowed."""
    (problem,) = check(**given)
    assert words in problem
    assert problem.startswith("spec.environment.id: Given-v0")


ALLOWED: list[dict[str, Any]] = [
    {},
    {"from_reset": ([0.0, 0.5, 0.5], {})},  # a list
    {"from_reset": (np.array([9.0, 9.0, 9.0]), {})},  # outside of the bounds
    {"from_reset": (np.zeros(3, np.int64), {})},
    {"from_reset": (ZEROS.astype(np.float16), {}), "observation_space": box(np.float16)},
    {
        "from_reset": (0.5, {}),
        "from_step": (0.5, *STEP[1:]),
        "observation_space": gymnasium.spaces.Box(0, 1, (), np.float32),
    },
    {"from_step": (ZEROS, np.float32(1), np.bool_(True), np.False_, {})},
    {"from_step": (ZEROS, 1.0, np.array([True]), np.array([False]), {})},
    {"from_step": (ZEROS, np.array(1), np.float64(0), 1, {})},
    {"from_step": (ZEROS, True, False, False, {"visited": np.arange(3)})},
    {"action_space": gymnasium.spaces.Discrete(3, start=-1)},
    {"action_space": gymnasium.spaces.Box(2.0, 5.0, (2,), np.float64)},
]


@pytest.mark.parametrize("given", ALLOWED, ids=str)
def test_what_training_survives_is_allowed(
    check: Callable[..., list[str]], make_spec: Make, make_policy: Make, given: dict[str, Any]
) -> None:
    """The check refuses nothing that a rollout takes."""
    assert check(**given) == []
    spec = make_spec("Given-v0", rollout={"num_steps": 3})
    assert len(collect(spec, make_policy(spec), 0, None).rewards) == 3


@pytest.mark.parametrize(
    "given",
    [
        {"from_step": (ZEROS, np.ones(1), False, False, {})},
        {"from_step": (ZEROS, 1e300, False, False, {})},
        {"from_reset": (np.zeros(4), {})},
        {"from_step": (ZEROS, 1.0, np.ones(2, bool), False, {})},
    ],
    ids=str,
)
def test_what_is_refused_does_fail_a_rollout(
    check: Callable[..., list[str]], make_spec: Make, make_policy: Make, given: dict[str, Any]
) -> None:
    """The check is not stricter than what it stands for."""
    check(**given)
    spec = make_spec("Given-v0", rollout={"num_steps": 3})
    with np.errstate(over="ignore"), pytest.raises(EnvironmentFailed):
        collect(spec, make_policy(spec), 0, None)
