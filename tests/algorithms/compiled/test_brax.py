"""Brax's environments, where it is installed: it brings MuJoCo, so CI has it not."""

from collections.abc import Callable

import pytest

from faastraingym.algorithms.actors.collect import collect
from faastraingym.schemas.payloads import Policy, Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec

pytest.importorskip("brax", reason="the extra `brax`")


def test_a_limit_truncates_and_a_rollout_goes_on(
    make_spec: Callable[..., RunSpec], make_policy: Callable[..., Policy]
) -> None:
    """Its own wrapper would call the limit an end, and reset in the same step."""
    environment = {"kwargs": {"max_episode_steps": 7}}
    spec = make_spec("brax:fast", environment=environment, rollout={"num_steps": 10})
    policy = make_policy(spec)
    first = load(dump(collect(spec, policy, 0, None)), Trajectory)
    assert first.truncated[:, 0].nonzero()[0].tolist() == [6]
    assert (~first.valid[:, 0]).nonzero()[0].tolist() == [7]
    assert not first.terminated.any()
    assert dump(collect(spec, policy, 0, first)) == dump(collect(spec, policy, 0, first))
