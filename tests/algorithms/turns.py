"""Two rollouts in turn beside one that is twice as long."""

from typing import Any, NamedTuple

from faastraingym.algorithms.actors.collect import collect
from faastraingym.schemas.payloads import Policy, Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec

# short episodes, so that ends, resets and their masks fall into every part
SHORT: dict[str, Any] = {"kwargs": {"max_episode_steps": 9}}


class Turns(NamedTuple):
    """Of one slot; the second goes on where the first, over the wire, stopped."""

    whole: Trajectory
    first: Trajectory
    second: Trajectory


def steps(number: int) -> dict[str, Any]:
    """`rollout` of a specification."""
    return {"horizon": "steps", "num_steps": number}


def in_turn(short: RunSpec, long: RunSpec, policy: Policy) -> Turns:
    """`long` is `short` but for twice the steps."""
    whole = collect(long, policy, 1, None)
    first = load(dump(collect(short, policy, 1, None)), Trajectory)
    return Turns(whole, first, collect(short, policy, 1, first))
