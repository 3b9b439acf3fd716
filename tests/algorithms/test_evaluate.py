from collections.abc import Callable

import numpy as np
import pytest

from algorithms.errors import EnvironmentFailed
from algorithms.evaluate import evaluate
from schemas.payloads import Policy, dump
from schemas.specification import RunSpec

Make = Callable[..., RunSpec]
MakePolicy = Callable[..., Policy]


def test_each_environment_plays_one_episode(make_spec: Make, make_policy: MakePolicy) -> None:
    """More episodes than are stepped together; every CartPole step is worth 1."""
    spec = make_spec(evaluation={"episodes": 40})
    found = evaluate(spec, make_policy(spec))
    assert found.returns.shape == found.lengths.shape == (40,)
    assert np.array_equal(found.returns, found.lengths)
    assert len(set(found.lengths.tolist())) > 3


def test_the_same_version_is_evaluated_the_same_way(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    """A retry gives equal bytes; another version plays other episodes."""
    spec = make_spec("Pendulum-v1", evaluation={"episodes": 2})
    first = evaluate(spec, make_policy(spec, version=3))
    assert dump(evaluate(spec, make_policy(spec, version=3))) == dump(first)
    assert not np.array_equal(evaluate(spec, make_policy(spec, version=4)).returns, first.returns)


def test_reward_transforms_do_not_apply(make_spec: Make, make_policy: MakePolicy) -> None:
    """Returns are the environment's own."""
    scaled = make_spec(reward=[{"kind": "scale", "factor": 100.0}])
    policy = make_policy(scaled)
    plain = evaluate(make_spec(), policy)
    assert np.array_equal(evaluate(scaled, policy).returns, plain.returns)


def test_an_environment_that_raises_is_named(make_spec: Make, make_policy: MakePolicy) -> None:
    """The version and the step are named."""
    spec = make_spec("Corridor-v0", environment={"kwargs": {"fails_at": 2}})
    with pytest.raises(EnvironmentFailed, match="evaluation of policy version 0, step 1"):
        evaluate(spec, make_policy(spec))
