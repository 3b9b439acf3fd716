from collections.abc import Callable, Iterator

import gymnasium
import pytest

from faastraingym.algorithms.environments import spaces
from faastraingym.schemas.specification import RunSpec

Make = Callable[..., RunSpec]


def test_cartpole_is_described(make_spec: Make) -> None:
    """Four numbers in, one of two actions out."""
    assert spaces.describe(make_spec()) == spaces.SpaceInfo(
        4, False, 2, observation_shape=(4,), observation_dtype="<f4"
    )
    assert spaces.check(make_spec()) == []


def test_pendulum_is_described(make_spec: Make) -> None:
    """A bounded continuous action."""
    info = spaces.describe(make_spec("Pendulum-v1"))
    assert (info.observation_size, info.continuous, info.low, info.high) == (3, True, (-2,), (2,))


def test_discrete_observations_become_one_hot(make_spec: Make) -> None:
    """FrozenLake's 16 squares are 16 inputs."""
    assert spaces.describe(make_spec("FrozenLake-v1")).observation_size == 16


@pytest.mark.parametrize(
    ("env_id", "words"),
    [
        ("CartPol-v1", ["spec.environment.id", "no environment 'CartPol-v1'", "'CartPole-v1'"]),
        ("os:CartPole-v1", ["spec.environment.id", "would import a module"]),
    ],
)
def test_an_unusable_id_is_refused(make_spec: Make, env_id: str, words: list[str]) -> None:
    """One sentence: the field, what was found, what to do."""
    (problem,) = spaces.check(make_spec(env_id))
    assert all(word in problem for word in words), problem


def test_kwargs_that_the_environment_refuses(make_spec: Make) -> None:
    """The field, what was found, and the environment's own words."""
    (problem,) = spaces.check(make_spec(environment={"kwargs": {"gravitas": 1}}))
    assert problem.startswith("spec.environment.kwargs: found {'gravitas': 1}")
    assert "unexpected keyword argument" in problem


def test_kwargs_of_collection_are_reserved(make_spec: Make) -> None:
    """What collection decides cannot be overridden through the environment's kwargs."""
    (problem,) = spaces.check(make_spec(environment={"kwargs": {"num_envs": 9}}))
    assert problem.startswith("spec.environment.kwargs.num_envs: may not be set")


class Needy(gymnasium.Env):
    def __init__(self) -> None:
        raise gymnasium.error.DependencyNotInstalled('Box2D: run `pip install "gymnasium[box2d]"`')


class Grid(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(0, 1, (2,))
    action_space = gymnasium.spaces.Text(4)


@pytest.mark.parametrize(
    ("kind", "words"),
    [(Needy, "`pip install 'gymnasium[box2d]'`"), (Grid, "PPO cannot act in Text")],
)
def test_what_is_missing_or_unfit_is_named(
    make_spec: Make, kind: type[gymnasium.Env], words: str
) -> None:
    """A missing extra and an action space that PPO cannot act in."""
    gymnasium.register("Unfit-v0", entry_point=kind)
    try:
        (problem,) = spaces.check(make_spec("Unfit-v0"))
    finally:
        del gymnasium.registry["Unfit-v0"]
    assert words in problem


def test_potential_needs_one_weight_per_observation_element(make_spec: Make) -> None:
    """The number found and the number needed are both named."""
    spec = make_spec(reward=[{"kind": "potential", "weights": [1.0, 2.0]}])
    (problem,) = spaces.check(spec)
    assert problem.startswith("spec.reward[0].weights: found 2 numbers; allowed: none, or 4")


class Large(gymnasium.Env):
    observation_space = gymnasium.spaces.Discrete(2**16 + 1)
    action_space = gymnasium.spaces.Discrete(2)


@pytest.fixture
def large() -> Iterator[str]:
    gymnasium.register("Large-v0", entry_point=Large)
    yield "Large-v0"
    del gymnasium.registry["Large-v0"]


def test_sizes_and_the_limit_of_steps_are_held(make_spec: Make, large: str) -> None:
    """One sentence each, of an environment without a limit and with too many observations."""
    endless, size = spaces.check(make_spec(large, rollout={"num_steps": 8}))
    assert "Large-v0, whose episodes have no limit of steps" in endless
    assert "set environment.kwargs.max_episode_steps = N" in endless
    assert size == "spec.environment.id: found observations of size 65537; allowed: at most 65536"
    limited = make_spec(
        large, environment={"kwargs": {"max_episode_steps": 9}}, rollout={"num_steps": 8}
    )
    assert spaces.check(limited) == [size]


@pytest.mark.parametrize("limit", [-1, 0, 2.5, True, None, 2**21])
def test_a_limit_of_steps_that_is_none_is_refused(make_spec: Make, limit: object) -> None:
    """-1 would take the limit away."""
    (problem,) = spaces.check(make_spec(environment={"kwargs": {"max_episode_steps": limit}}))
    assert problem == (
        f"spec.environment.kwargs.max_episode_steps: found {limit!r}; "
        "allowed: an integer from 1 to 1048576"
    )


@pytest.mark.parametrize("limit", [2**20 + 1, 2_000_000, 10**12])
def test_a_limit_of_steps_that_is_registered_is_held_to_the_same_bounds(
    make_spec: Make, limit: int
) -> None:
    """The sentence says what to do: one of one's own in the specification counts instead."""
    entry_point = gymnasium.registry["Corridor-v0"].entry_point
    gymnasium.register("Long-v0", entry_point=entry_point, max_episode_steps=limit)
    try:
        (problem,) = spaces.check(make_spec("Long-v0"))
        assert problem == (
            f"spec.environment.id: found Long-v0, which is registered with "
            f"max_episode_steps={limit}; allowed: at most 1048576; "
            "set environment.kwargs.max_episode_steps = N"
        )
        own = {"kwargs": {"max_episode_steps": 9}}
        assert spaces.check(make_spec("Long-v0", environment=own)) == []
    finally:
        del gymnasium.registry["Long-v0"]


@pytest.mark.parametrize("limit", [1, 2**20])
def test_a_registered_limit_within_the_bounds_is_taken(make_spec: Make, limit: int) -> None:
    entry_point = gymnasium.registry["Corridor-v0"].entry_point
    gymnasium.register("Long-v0", entry_point=entry_point, max_episode_steps=limit)
    try:
        assert spaces.check(make_spec("Long-v0")) == []
    finally:
        del gymnasium.registry["Long-v0"]


def test_a_trajectory_that_is_too_large_is_refused(make_spec: Make) -> None:
    """CartPole's transition takes 4 numbers, an action and 11 bytes: 31."""
    rollout = {"num_steps": 10_000}
    assert spaces.check(make_spec(environment={"num_envs": 800}, rollout=rollout)) == []
    (problem,) = spaces.check(make_spec(environment={"num_envs": 900}, rollout=rollout))
    assert problem.startswith("spec.rollout.num_steps: found 10000")
    assert "10000 steps x 900 environments x 31 bytes = 279000000 bytes" in problem
