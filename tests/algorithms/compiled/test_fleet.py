"""Environments on JAX step together, and reset as Gymnasium's do in NEXT_STEP mode."""

from typing import Any

import jax
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from faastraingym.algorithms.compiled.fleet import Answer, compiled
from faastraingym.algorithms.compiled.program import Program

KEY = np.array([3, 5], np.uint32)


def walk(terminal: float, limit: int) -> Program:
    """Begins between 0 and 1, walks by the action and a little noise, and ends at `terminal`."""

    def reset(key: Any) -> tuple[Any, Any]:
        place = jax.random.uniform(key)
        return {"place": place, "time": 0}, place[None]

    def step(key: Any, state: Any, action: Any) -> tuple[Any, ...]:
        place = state["place"] + action + 0.1 * jax.random.uniform(key)
        time = state["time"] + 1
        after = {"place": place, "time": time}
        return after, place[None], place, place >= terminal, time >= limit

    return Program(reset, step, Box(-np.inf, np.inf, (1,)), Discrete(2), limit)


def played(
    of: Program, steps: int, places: Any = range(3), action: int = 1
) -> tuple[np.ndarray, list[Answer]]:
    """The first observations, and the answers."""
    functions, at = compiled(of), np.array(places, np.int32)
    fleet, first = functions.begin(KEY, at)
    answers = []
    for _ in range(steps):
        fleet, answer = functions.step(KEY, at, fleet, np.full(len(at), action, np.int32))
        answers.append(Answer(*map(np.asarray, answer)))
    return np.asarray(first), answers


def test_an_end_shows_the_final_observation_and_the_step_after_it_is_a_reset() -> None:
    """The reset takes no action, earns 0, and ends nothing."""
    first, answers = played(walk(terminal=2.0, limit=100), 4, places=[0])
    final, fresh, on = answers[1:]
    assert final.terminated.tolist() == [True]
    assert final.truncated.tolist() == [False]
    assert 2.0 <= final.observation[0, 0] < 3.3
    assert fresh.terminated.tolist() == fresh.truncated.tolist() == [False]
    assert fresh.reward.tolist() == [0.0]
    assert 0 <= fresh.observation[0, 0] < 1
    assert fresh.observation[0, 0] != first[0, 0]  # another episode begins elsewhere
    assert 1 <= on.observation[0, 0] < 2.1  # its first action


def test_a_time_limit_truncates_and_terminates_nothing() -> None:
    _, answers = played(walk(terminal=np.inf, limit=3), 7, action=0)
    assert [answer.truncated.all() for answer in answers] == [0, 0, 1, 0, 0, 0, 1]
    assert not any(answer.terminated.any() for answer in answers)


def test_an_end_at_the_time_limit_is_both() -> None:
    """A termination at the limit stays one: nothing is bootstrapped from it."""
    _, answers = played(walk(terminal=2.0, limit=2), 2)
    assert answers[1].terminated.all()
    assert answers[1].truncated.all()


@pytest.mark.parametrize("places", [[1], [2, 0]])
def test_an_environment_depends_on_its_place_alone(places: list[int]) -> None:
    """Not on those beside it: pieces of an evaluation are what the whole is."""
    of = walk(terminal=2.5, limit=4)
    first, answers = played(of, 9)
    alone_first, alone = played(of, 9, places=places)
    assert np.array_equal(alone_first, first[places])
    for one, all_of_them in zip(alone, answers, strict=True):
        assert np.array_equal(one.observation, all_of_them.observation[places])
        assert np.array_equal(one.terminated, all_of_them.terminated[places])
    assert len(np.unique(first)) == 3


def test_noise_differs_by_step_and_by_episode() -> None:
    _, answers = played(walk(terminal=np.inf, limit=4), 9, places=[0], action=0)
    seen = np.array([answer.observation[0, 0] for answer in answers])
    drawn = np.diff(seen)[[0, 1, 2, 5, 6, 7]]  # without the resets
    assert len(np.unique(drawn)) == 6
    assert (drawn > 0).all()
