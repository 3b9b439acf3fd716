"""A rollout that is gone on from in another replica: what came out otherwise ends the run."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from faastraingym.algorithms.actors.collect import collect, collect_from
from faastraingym.algorithms.actors.initial_state import beginning
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.algorithms.timing import Stopwatch
from faastraingym.schemas.payloads import Policy, Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec
from tests import remembering as kinds

Make = Callable[..., RunSpec]
MakePolicy = Callable[..., Policy]


def spec_of(make_spec: Make, env_id: str, num_steps: int, memory: str = "none") -> RunSpec:
    environment = {"id": env_id, "memory": memory, "num_envs": 2}
    return make_spec(environment=environment, rollout={"num_steps": num_steps})


def warm(spec: RunSpec, policy: Policy, rollouts: int) -> Trajectory:
    """The last of so many rollouts of one replica, as the store has it."""
    start = beginning(spec, 0, 0, None)
    for _ in range(rollouts):
        found, start = collect_from(start, spec, policy, 0, Stopwatch())
    return load(dump(found), Trajectory)


# 21 steps are an episode of 20 and its reset
@pytest.mark.parametrize(
    ("env_id", "num_steps", "rollouts", "what"),
    [
        (kinds.COUNTING, 50, 1, "another reward at step 1"),
        (kinds.COUNTING, 32, 1, "another reward at step 1"),
        (kinds.FAR, 30, 8, "another reward at step 1"),
        (kinds.COUNTING, 5, 6, "another reward at step 5"),  # of 9, of which the last 5 are there
        (kinds.FIXED, 50, 1, "another observation at the reset"),
        (kinds.FIXED, 21, 1, "another observation at the reset"),  # nothing to be played again
        (kinds.SCALED, 230, 1, "another reward at step 1"),
        (kinds.SEEN, 230, 1, "another observation at the reset"),
    ],
)
def test_what_another_replica_remembered_is_told(
    make_spec: Make,
    make_policy: MakePolicy,
    env_id: str,
    num_steps: int,
    rollouts: int,
    what: str,
) -> None:
    """Environment, step and ways on; it is not said to be undetermined by its seed."""
    spec = spec_of(make_spec, env_id, num_steps)
    policy = make_policy(spec)
    with pytest.raises(EnvironmentFailed) as caught:
        collect(spec, policy, 0, warm(spec, policy, rollouts))
    told = str(caught.value)
    assert told.startswith(f"{env_id}, policy version 0, slot 0, environment 0: replaying its act")
    assert f"gave {what} of the episode" in told
    assert "remembers across its episodes" in told
    assert 'environment.memory = "forget"' in told
    assert "not determined" not in told


def test_an_episode_that_ends_earlier_is_told(make_spec: Make, make_policy: MakePolicy) -> None:
    """Episodes get shorter, so one that was left near its end is played beyond it."""
    spec = spec_of(make_spec, kinds.ENDING, 19 + 1 + 17)
    policy = make_policy(spec)
    first = warm(spec, policy, 1)
    assert not first.truncated[-1].any()
    vector: Any = first.continuation
    vector["fleet"]["singles"][0]["actions"] = vector["fleet"]["singles"][0]["actions"].repeat(2)
    with pytest.raises(EnvironmentFailed, match=r"gave another end of the episode"):
        collect(spec, policy, 0, first)


@pytest.mark.parametrize("memory", ["none", "forget"])
def test_what_no_seed_determines_is_told_apart(
    make_spec: Make, make_policy: MakePolicy, memory: str
) -> None:
    """Played once more, it comes out otherwise again."""
    for kwargs, env_id in (({"spoilt": "seed"}, "Signal-v0"), ({}, kinds.UNSEEDED)):
        environment = {"id": env_id, "kwargs": kwargs, "memory": memory}
        spec = make_spec(environment=environment, rollout={"num_steps": 3})
        policy = make_policy(spec)
        with pytest.raises(EnvironmentFailed, match=r"environment 0: replaying .*not determined"):
            collect(spec, policy, 0, warm(spec, policy, 1))


def test_what_is_declared_goes_on_as_it_stands(make_spec: Make, make_policy: MakePolicy) -> None:
    """From what the environment shows now, not from what another one had shown."""
    spec = spec_of(make_spec, kinds.FIXED, 30, "declared")
    policy = make_policy(spec)
    first = warm(spec, policy, 1)
    start = beginning(spec, 1, 0, first)
    assert (start.observations != first.observations[-1]).any()
    assert start.lengths.tolist() == [9, 9]
    second, _ = collect_from(start, spec, policy, 0, Stopwatch())
    assert (second.observations[0] == start.observations).all()
    assert second.episode_lengths.tolist() == [20, 20]


@pytest.mark.parametrize("env_id", ["FrozenLake-v1", "Taxi-v4", "Corridor-v0", "CliffWalking-v1"])
def test_what_comes_out_the_same_is_gone_on_from(
    make_spec: Make, make_policy: MakePolicy, env_id: str
) -> None:
    """In rollouts shorter and longer than the episodes."""
    for num_steps in (3, 14):
        environment = {"id": env_id, "kwargs": {"max_episode_steps": 9}}
        spec = make_spec(environment=environment, rollout={"num_steps": num_steps})
        policy = make_policy(spec)
        found = [warm(spec, policy, rollouts) for rollouts in range(1, 6)]
        for before, expected in pairwise(found):
            assert dump(collect(spec, policy, 0, before)) == dump(expected)
