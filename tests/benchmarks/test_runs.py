"""Speeds and shares from facts that are written down."""

import pytest

from benchmarks import runs
from benchmarks.iteration import shares, split
from events.ports import Recorded
from schemas.messages import InvocationCompleted, PolicyUpdated
from schemas.references import ObjectRef, PolicyRef

OBJECT = ObjectRef(bucket="b-b", key="k", size=1, sha256="0" * 64)


def updated(version: int, at: float, env_steps: int) -> Recorded:
    """`policy.updated`, as the log has it."""
    policy = PolicyRef(version=version, policy=OBJECT, learner=OBJECT, env_steps=env_steps)
    fact = PolicyUpdated(run="run", manifest=OBJECT, policy=policy, rollouts=2, evaluate=False)
    return Recorded(version + 1, at, fact)


def invocation(function: str, started_at: float, seconds: float) -> InvocationCompleted:
    """An invocation's metering."""
    return InvocationCompleted(
        run="run",
        function=function,
        call_id="id",
        replica="replica",
        started_at=started_at,
        seconds=seconds,
        memory_mb=256,
        cold_start=False,
        status=200,
    )


LOG = [updated(0, 10.0, 0), updated(1, 13.0, 100), updated(2, 14.0, 200), updated(3, 16.0, 300)]


def test_speed_leaves_the_warm_up_out() -> None:
    marks = runs.versions(LOG)
    assert runs.speed(marks, warm_up=0) == 50.0
    assert runs.speed(marks, warm_up=1) == pytest.approx(200 / 3)


def test_versions_come_in_their_order_whatever_the_log_s() -> None:
    assert runs.versions(LOG[::-1]) == [(10.0, 0), (13.0, 100), (14.0, 200), (16.0, 300)]


def test_an_iteration_is_its_slowest_rollout_its_stages_and_hops() -> None:
    work = [
        invocation("rollout", 10.5, 1.0),
        invocation("rollout", 10.25, 0.5),
        invocation("aggregate-rewards", 11.5, 0.25),
        invocation("plan-update", 12.0, 0.25),
        invocation("update-policy", 12.25, 1.0),  # goes on, after it has said the fact
        invocation("evaluate", 10.25, 2.5),  # beside the loop
    ]
    found = shares(10.0, 13.0, work)
    assert found == {
        "rollout": 1.0,
        "aggregate-rewards": 0.25,
        "plan-update": 0.25,
        "update-policy": 0.75,
        "hops": 0.75,
        "wall": 3.0,
    }


def test_an_invocation_belongs_to_the_iteration_that_it_began_in() -> None:
    work = [invocation("rollout", 13.25, 0.5), invocation("rollout", 14.25, 0.25)]
    found = split(LOG, work, warm_up=1)
    assert [one["rollout"] for one in found] == [0.5, 0.25]
    assert [one["wall"] for one in found] == [1.0, 2.0]


@pytest.mark.parametrize(("make", "batch"), [(runs.small, 256), (runs.large, 8192)])
def test_a_run_makes_the_updates_that_are_asked_for(make: object, batch: int) -> None:
    spec = make(updates=20)  # type: ignore[operator]
    steps = spec.rollout.count * spec.environment.num_envs * spec.rollout.num_steps
    assert steps == batch
    assert 18 * batch < spec.stop.env_steps <= 20 * batch
