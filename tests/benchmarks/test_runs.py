"""Speeds from facts that are written down."""

import pytest

from benchmarks import runs
from faastraingym.events.ports import Recorded
from faastraingym.schemas.messages import PolicyUpdated
from faastraingym.schemas.references import ObjectRef, PolicyRef

OBJECT = ObjectRef(bucket="b-b", key="k", size=1, sha256="0" * 64)


def updated(version: int, at: float, env_steps: int) -> Recorded:
    """`policy.updated`, as the log has it."""
    policy = PolicyRef(version=version, policy=OBJECT, learner=OBJECT, env_steps=env_steps)
    fact = PolicyUpdated(run="run", manifest=OBJECT, policy=policy, rollouts=2, evaluate=False)
    return Recorded(version + 1, at, fact)


LOG = [updated(0, 10.0, 0), updated(1, 13.0, 100), updated(2, 14.0, 200), updated(3, 16.0, 300)]


def test_speed_leaves_the_warm_up_out() -> None:
    marks = runs.versions(LOG)
    assert runs.speed(marks, warm_up=0) == 50.0
    assert runs.speed(marks, warm_up=1) == pytest.approx(200 / 3)


def test_versions_come_in_their_order_whatever_the_log_s() -> None:
    assert runs.versions(LOG[::-1]) == [(10.0, 0), (13.0, 100), (14.0, 200), (16.0, 300)]


@pytest.mark.parametrize(
    ("make", "batch"), [(runs.small, 256), (runs.large, 8192), (runs.huge, 65_536)]
)
def test_a_run_makes_the_updates_that_are_asked_for(make: object, batch: int) -> None:
    spec = make(updates=20)  # type: ignore[operator]
    steps = spec.rollout.count * spec.environment.num_envs * spec.rollout.num_steps
    assert steps == batch
    assert 18 * batch < spec.stop.env_steps <= 20 * batch
