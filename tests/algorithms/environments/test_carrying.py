"""What environments remember: forgotten, or carried, and the same bits whoever goes on."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest

from faastraingym.algorithms.actors.collect import collect, collect_from
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.actors.initial_state import beginning
from faastraingym.algorithms.environments import carrying
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.algorithms.timing import Stopwatch
from faastraingym.schemas.payloads import Policy, Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec
from tests import remembering as kinds

Make = Callable[..., RunSpec]
MakePolicy = Callable[..., Policy]


def spec_of(make_spec: Make, env_id: str, memory: str, **rollout: Any) -> RunSpec:
    environment = {"id": env_id, "memory": memory, "num_envs": 2}
    return make_spec(environment=environment, rollout=rollout, evaluation={"episodes": 2})


def paid(trajectory: Trajectory) -> list[float]:
    """What each episode paid at its steps, in order; of the first environment."""
    rewards = trajectory.rewards[trajectory.valid[:, 0], 0].tolist()
    return [reward for i, reward in enumerate(rewards) if [reward] != rewards[i - 1 : i]]


@pytest.mark.parametrize("num_steps", [7, 20, 21, 30, 250])
@pytest.mark.parametrize(
    ("env_id", "memory"),
    [
        *((env_id, "forget") for env_id in kinds.ACROSS_EPISODES),
        (kinds.COUNTING, "carry"),
        (kinds.LATE, "carry"),
        ("Pendulum-v1", "forget"),
        ("CartPole-v1", "forget"),
    ],
)
def test_a_fresh_replica_collects_what_a_warm_one_does(
    make_spec: Make, make_policy: MakePolicy, env_id: str, memory: str, num_steps: int
) -> None:
    """Four rollouts in turn, over the wire, in rollouts shorter and longer than the episodes."""
    spec = spec_of(make_spec, env_id, memory, num_steps=num_steps)
    policy = make_policy(spec)
    start, previous = beginning(spec, 0, 0, None), None
    for _ in range(4):
        expected, start = collect_from(start, spec, policy, 0, Stopwatch())
        cold = collect(spec, policy, 0, previous)
        assert dump(cold) == dump(expected)
        previous = load(dump(cold), Trajectory)


def test_what_is_forgotten_begins_anew_and_what_is_carried_goes_on(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    """Of each environment its own: 3 episodes in 60 steps."""
    found = {}
    for memory in ("forget", "carry"):
        spec = spec_of(make_spec, kinds.COUNTING, memory, num_steps=30)
        policy = make_policy(spec)
        first = collect(spec, policy, 0, None)
        second = collect(spec, policy, 0, load(dump(first), Trajectory))
        found[memory] = paid(first), paid(second)
        assert np.array_equal(second.rewards[:, 0], second.rewards[:, 1])
    assert found == {"forget": ([1.0], [1.0]), "carry": ([1.0, 2.0], [2.0, 3.0])}


def test_whole_episodes_hand_on_what_is_carried(make_spec: Make, make_policy: MakePolicy) -> None:
    """They begin with a reset of their own all the same."""
    rollout = {"horizon": "episodes", "num_episodes": 2}
    spec = spec_of(make_spec, kinds.COUNTING, "carry", **rollout)
    first = load(dump(collect(spec, make_policy(spec), 0, None)), Trajectory)
    second = collect(spec, make_policy(spec, version=1), 0, first)
    assert (paid(first), paid(second)) == ([1.0, 2.0], [3.0, 4.0])
    assert second.episode_lengths.tolist() == [20] * 4
    forgotten = spec_of(make_spec, kinds.COUNTING, "forget", **rollout)
    assert paid(collect(forgotten, make_policy(spec), 0, None)) == [1.0]


@pytest.mark.parametrize("memory", ["forget", "carry", "declared"])
def test_an_evaluation_begins_from_a_fresh_build(
    make_spec: Make, make_policy: MakePolicy, memory: str
) -> None:
    """Whatever training has come to: it depends on the policy alone."""
    spec = spec_of(make_spec, kinds.COUNTING, memory)
    assert evaluate(spec, make_policy(spec)).returns.tolist() == [20.0, 20.0]


class Careless(kinds.Counting):
    def __init__(self, state: Any) -> None:
        super().__init__()
        self.state = state

    def get_state(self) -> Any:
        return self.state


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ([1.0], "get_state() gave a list; allowed: a dictionary of arrays of <f2, <f4"),
        (None, "get_state() gave a NoneType"),
        ({"a": object()}, "get_state()['a'] is of object; allowed"),
        ({"a": "text"}, "get_state()['a'] is of <U4; allowed"),
        ({"a": [1, [2]]}, "get_state()['a']: ValueError"),
        ({"a": np.zeros(1 << 18)}, "get_state() gave 2097152 bytes; allowed: at most 1048576"),
    ],
)
def test_what_cannot_travel_is_refused(state: Any, words: str) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        carrying.take(Careless(state))
    assert words in str(caught.value)


def test_states_are_copies_and_found_below_wrappers() -> None:
    """Whoever has one may write to it."""
    state = {"episodes": np.array(7), "seen": np.arange(3.0)}
    environment = gymnasium.wrappers.ClipReward(Careless(state), 0.0, 1.0)
    taken = carrying.take(environment)
    taken["seen"][0] = 9.0
    assert state["seen"][0] == 0.0
    frozen = load_only(taken)
    carrying.put(environment, frozen)
    assert environment.unwrapped.episodes == 7
    with pytest.raises(EnvironmentFailed, match=r"set_state\(\): KeyError: 'episodes'"):
        carrying.put(environment, {})
    with pytest.raises(EnvironmentFailed, match=r"get_state\(\) is not there"):
        carrying.take(gymnasium.make("CartPole-v1"))


def load_only(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    for array in state.values():
        array.flags.writeable = False
    return state


def test_what_get_state_raises_is_ours() -> None:
    """SystemExit too: the replica has other work."""

    class Exits(gymnasium.Env[Any, Any]):
        def get_state(self) -> Any:
            raise SystemExit("no licence")

    with pytest.raises(EnvironmentFailed, match=r"get_state\(\): SystemExit: no licence"):
        carrying.take(Exits())
