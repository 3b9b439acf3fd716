"""What an environment takes from one episode into the next is found before a run starts."""

import itertools
from collections.abc import Callable
from typing import Any

import gymnasium
import pytest

from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.environments.memory import EPISODES, problems
from faastraingym.algorithms.environments.repeating import Mark, difference
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import RunSpec
from tests import remembering as kinds

Make = Callable[..., RunSpec]
FORGETFUL = sorted(
    env_id
    for env_id, spec in gymnasium.registry.items()
    if str(spec.entry_point).startswith(
        ("gymnasium.envs.classic_control", "gymnasium.envs.toy_text", "gymnasium.envs.box2d")
    )
    # BipedalWalker: its world outlives a reset, and with it the order in which contacts are seen
    and not env_id.startswith(("BipedalWalker", "CartPole-v0"))
)


def remembers(env_id: str, memory: str) -> dict[str, Any]:
    return {"environment": {"id": env_id, "memory": memory}}


@pytest.mark.parametrize(
    ("env_id", "what"),
    [
        (kinds.COUNTING, "another reward at step 1"),
        (kinds.LATE, "another reward at step 1"),
        (kinds.SCALED, "another reward at step 1"),
        (kinds.FIXED, "another observation at the reset"),
        (kinds.OWN_RANDOM, "another observation at the reset"),
        (kinds.SEEN, "another observation at the reset"),
        (kinds.ENDING, "another end at step 18"),
    ],
)
def test_an_environment_that_remembers_is_refused(make_spec: Make, env_id: str, what: str) -> None:
    """One sentence: what differed and where, and the three ways on."""
    (problem,) = spaces.check(make_spec(env_id))
    assert problem.startswith(f"spec.environment.memory: {env_id} remembers across its episodes")
    assert what in problem
    assert all(f'"{way}"' in problem for way in ("forget", "carry", "declared"))


@pytest.mark.parametrize("env_id", kinds.ACROSS_EPISODES)
@pytest.mark.parametrize("memory", ["forget", "declared"])
def test_what_is_built_anew_or_declared_may_remember(
    make_spec: Make, env_id: str, memory: str
) -> None:
    assert spaces.check(make_spec(env_id, **remembers(env_id, memory))) == []


@pytest.mark.parametrize("env_id", kinds.FOR_EVER)
@pytest.mark.parametrize("memory", ["none", "forget", "carry"])
def test_what_no_seed_determines_is_named_apart(make_spec: Make, env_id: str, memory: str) -> None:
    """A class attribute outlives the instance; building anew does not help."""
    (problem,) = spaces.check(make_spec(env_id, **remembers(env_id, memory)))
    assert problem.startswith(f"spec.environment.id: {env_id} is not determined by its seed")
    assert "self.np_random" in problem
    assert "class or module" in problem
    assert "forget" not in problem
    assert spaces.check(make_spec(env_id, **remembers(env_id, "declared"))) == []


def test_what_is_carried_needs_two_methods(make_spec: Make) -> None:
    assert spaces.check(make_spec(**remembers(kinds.COUNTING, "carry"))) == []
    (problem,) = spaces.check(make_spec(**remembers(kinds.SCALED, "carry")))
    assert problem == (
        f'spec.environment.memory: found "carry", but {kinds.SCALED}: get_state() is not there; '
        "write get_state() and set_state(state)"
    )


@pytest.mark.parametrize("env_id", FORGETFUL)
def test_environments_of_gymnasium_do_not_remember(make_spec: Make, env_id: str) -> None:
    """Whatever of them is installed and can be learnt in; no false alarm, whatever the seed."""
    limit = {} if gymnasium.registry[env_id].max_episode_steps else {"max_episode_steps": 200}
    spec = make_spec(env_id, environment={"kwargs": limit})
    try:
        spaces.describe(spec)
    except EnvironmentFailed as error:
        pytest.skip(str(error))
    assert [problems(make_spec(env_id, environment={"kwargs": limit}, seed=s)) for s in (0, 1)] == [
        [],
        [],
    ]


def test_an_environment_that_raises_is_told_of_by_whoever_steps_it(make_spec: Make) -> None:
    """The same exception at the same step is no difference."""
    assert problems(make_spec("Corridor-v0", environment={"kwargs": {"fails_at": 3}})) == []


class Slow(kinds.Counting):
    steps = resets = 0

    def reset(self, **options: Any) -> Any:
        Slow.resets += 1
        return super().reset(**options)

    def step(self, action: int) -> Any:
        Slow.steps += 1
        return super().step(action)


def test_slow_environments_are_tried_for_less(make_spec: Make) -> None:
    """By the clock: here a look at it is a second, so an episode is one step."""
    gymnasium.register("Slow-v0", entry_point=Slow, max_episode_steps=200)
    seconds = itertools.count()
    try:
        (problem,) = problems(make_spec("Slow-v0"), lambda: float(next(seconds)))
    finally:
        del gymnasium.registry["Slow-v0"]
    assert "another reward at step 1" in problem
    assert (Slow.resets, Slow.steps) == (5, 4)  # the first reset looks for masks of actions
    assert EPISODES > 2


def test_differences_are_named() -> None:
    one, two = Mark(b"seen"), Mark(b"seen", b"1", terminated=True)
    assert difference([one, two], [one, two]) == ""
    assert difference([one, two], [one, two._replace(reward=b"2")], 4) == "another reward at step 5"
    assert difference([one, two], [one, two._replace(terminated=False)]) == "another end at step 1"
    assert difference([one], [one._replace(observation=b"")]) == "another observation at the reset"
    raised = Mark(b"", raised="KeyError")
    assert difference([one, one], [one, raised._replace(observation=b"seen")]) == (
        "another exception at step 1"
    )
