"""Episodes are those that the environment plays again from the same seed and actions."""

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Tuple

from faastraingym.algorithms import registry
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.environments.observations import stored
from faastraingym.algorithms.environments.space_info import describe, make, of_spaces
from faastraingym.algorithms.offline.episodes import Episode, Episodes
from faastraingym.algorithms.offline.spaces import given
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.payloads import Trajectory
from faastraingym.schemas.specification import RunSpec

SHORT = {"max_episode_steps": 12}


def a_spec(env_id: str, rollout: Mapping[str, Any], **environment: Any) -> RunSpec:
    return parse(
        {
            "seed": 3,
            "environment": {"id": env_id, "num_envs": 3, **environment},
            "rollout": {"count": 2, **rollout},
            "algorithm": {"name": "a2c", "hidden_sizes": [8]},
            "stop": {"env_steps": 1000},
        }
    )


def a_run(spec: RunSpec, versions: int) -> list[tuple[int, Trajectory]]:
    """All trajectories of a run that never learns, with the version that would."""
    learner = registry.learner(spec)
    policy = learner.project(learner.initialise(spec))
    found: list[tuple[int, Trajectory]] = []
    last: dict[int, Trajectory | None] = {}
    for version in range(versions):
        for slot in range(spec.rollout.count):
            last[slot] = collect(spec, policy, slot, last.get(slot), lag=version)
            found.append((version, last[slot]))
    return found


def episodes_of(spec: RunSpec, run: list[tuple[int, Trajectory]]) -> tuple[list[Episode], int]:
    whole = Episodes(spec, describe(spec))
    return [e for version, t in run for e in whole.add(version, t)], whole.steps


def check_played_again(spec: RunSpec, episode: Episode) -> None:
    environment, steps = make(spec.environment), episode.steps
    space, starts = environment.observation_space, getattr(environment.action_space, "start", 0)
    seen, _ = environment.reset(seed=episode.seed)
    observations = [seen]
    for t, action in enumerate(steps.actions):
        if isinstance(environment.action_space, Box):
            low, high = environment.action_space.low, environment.action_space.high
            action = np.clip(action, low, high)
        seen, reward, terminated, truncated, _ = environment.step(action + starts)
        observations.append(seen)
        assert (np.float32(reward), terminated, truncated) == (
            steps.rewards[t], steps.terminated[t], steps.truncated[t]
        )  # fmt: skip
    np.testing.assert_array_equal(given(steps.observations, space), np.array(observations))
    assert steps.terminated[-1] or steps.truncated[-1]
    assert not (steps.terminated[:-1] | steps.truncated[:-1]).any()


LAYOUTS = {
    "parts of episodes": {"num_steps": 5},
    "several in each": {"num_steps": 40},
    "as long as an episode": {"num_steps": 12},
    "whole ones": {"horizon": "episodes", "num_episodes": 2},
}
PLAYED = {
    "Acrobot-v1": {"kwargs": SHORT},
    "Pendulum-v1": {"kwargs": SHORT},
    "FrozenLake-v1": {"kwargs": SHORT},
}


@pytest.mark.parametrize("rollout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("env_id", PLAYED)
def test_each_is_what_the_environment_plays_again(env_id: str, rollout: Mapping[str, Any]) -> None:
    spec = a_spec(env_id, rollout, **PLAYED[env_id])
    run = a_run(spec, 7 if "num_steps" in rollout else 2)
    found, steps = episodes_of(spec, run)
    for episode in found:
        check_played_again(spec, episode)
    counted = sum(len(e.steps.rewards) for e in found)
    # what is left out is what no end came to yet: less than an episode of each environment
    assert steps - counted <= 11 * 2 * 3
    assert len(found) >= 6
    if rollout.get("horizon") == "episodes":
        assert (len(found), steps) == (2 * 2 * 3 * 2, counted)


def test_what_begins_before_the_first_version_is_left_out() -> None:
    """The rest is the same as in the whole run, seeds too."""
    spec = a_spec("Acrobot-v1", {"num_steps": 5}, kwargs=SHORT)
    run = a_run(spec, 9)
    whole, _ = episodes_of(spec, run)
    later, _ = episodes_of(spec, [(v, t) for v, t in run if v >= 3])
    assert len(later) == 6  # the second of each: the first ends in version 2, the third begins in 5
    keyed = {(e.version, e.slot, e.environment): e for e in whole}
    for episode in later:
        same = keyed[episode.version, episode.slot, episode.environment]
        assert same.seed == episode.seed
        np.testing.assert_array_equal(same.steps.observations, episode.steps.observations)


def test_a_slot_that_started_afresh_has_nothing_of_before() -> None:
    """Below a threshold a slot may miss a batch: then its next rollout is reset."""
    spec = a_spec("Acrobot-v1", {"num_steps": 5}, kwargs=SHORT)
    policy = registry.learner(spec).project(registry.learner(spec).initialise(spec))
    first = collect(spec, policy, 0, None)
    again = collect(spec, policy, 0, None, lag=2)
    rest = [again]
    for version in (3, 4):
        rest.append(collect(spec, policy, 0, rest[-1], lag=version))
    found, _ = episodes_of(spec, [(0, first), *((2 + i, t) for i, t in enumerate(rest))])
    assert len(found) == 3
    for episode in found:
        check_played_again(spec, episode)


def test_an_environments_own_vector_has_no_seeds() -> None:
    spec = a_spec("CartPole-v1", {"num_steps": 40})
    found, _ = episodes_of(spec, a_run(spec, 3))
    assert found
    assert {e.seed for e in found} == {None}
    for episode in found:  # its dynamics are CartPole's, from step to step
        steps = episode.steps
        single: Any = gymnasium.make("CartPole-v1").unwrapped
        for t in range(len(steps.actions)):
            single.reset()
            single.state = steps.observations[t].astype(np.float64)
            after, *_ = single.step(int(steps.actions[t]))
            np.testing.assert_allclose(after, steps.observations[t + 1], rtol=1e-4, atol=1e-5)


SPACES: dict[str, Space[Any]] = {
    "box": Box(-1, 1, (2, 3)),
    "bytes": Box(0, 255, (4, 4, 1), np.uint8),
    "discrete": Discrete(4, start=2),
    "choices": MultiDiscrete([2, 3], start=[1, -1]),
    "bits": MultiBinary(3),
    "parts": Dict(
        {"a": Box(-1, 1, (2,), np.float64), "b": Tuple([Discrete(3, start=1), MultiBinary(2)])}
    ),
}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_observations_have_the_form_that_the_environment_gave_them(space: Space[Any]) -> None:
    space.seed(0)
    info = of_spaces("it", space, Discrete(2), "ppo", ("Discrete",))
    several = [space.sample() for _ in range(5)]
    columns = _columns(several)
    back = given(stored(columns, info), space)
    for i in range(5):
        one = _at(back, i)
        assert space.contains(one)
        assert _text(one) == _text(several[i])


def _columns(several: list[Any]) -> Any:
    if isinstance(several[0], dict):
        return {name: _columns([each[name] for each in several]) for name in several[0]}
    if isinstance(several[0], tuple):
        return tuple(_columns(list(part)) for part in zip(*several, strict=True))
    return np.array(several)


def _at(columns: Any, index: int) -> Any:
    if isinstance(columns, dict):
        return {name: _at(part, index) for name, part in columns.items()}
    if isinstance(columns, tuple):
        return tuple(_at(part, index) for part in columns)
    return columns[index]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return str({name: _text(value[name]) for name in sorted(value)})
    return str([_text(part) for part in value]) if isinstance(value, tuple) else str(value)
