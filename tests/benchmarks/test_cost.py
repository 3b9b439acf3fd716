"""What a run costs, from facts and metering that are written down."""

import pytest

from benchmarks.cost import DAY, Cost, cost, of_costs, of_day
from faastraingym.events.ports import Recorded
from faastraingym.schemas.messages import (
    InvocationCompleted,
    PolicyUpdated,
    RunCompleted,
    RunRequested,
)
from faastraingym.schemas.references import ObjectRef, PolicyRef

OBJECT = ObjectRef(bucket="b-b", key="k", size=1, sha256="0" * 64)
POLICY = PolicyRef(version=1, policy=OBJECT, learner=OBJECT, env_steps=500)
SAID = [
    Recorded(1, 100.0, RunRequested(run="run", spec={})),
    Recorded(
        2,
        103.0,
        PolicyUpdated(run="run", manifest=OBJECT, policy=POLICY, rollouts=0, evaluate=True),
    ),
    Recorded(3, 104.0, RunCompleted(run="run", policy=POLICY, reason="budget")),
]


def used(
    function: str, replica: str, at: float, seconds: float, memory_mb: int
) -> InvocationCompleted:
    """One invocation."""
    return InvocationCompleted(
        run="run",
        function=function,
        call_id="c",
        replica=replica,
        started_at=at,
        seconds=seconds,
        memory_mb=memory_mb,
        cold_start=False,
        status=200,
    )


USAGE = [
    used("rollout", "rollout-1", 101.0, 1.0, 512),
    used("rollout", "rollout-2", 101.0, 2.0, 512),
    used("rollout", "rollout-1", 103.0, 1.0, 512),
    used("update-policy", "update-1", 102.0, 0.5, 2048),
    used("plan-update", "plan-1", 102.0, 4.0, 256),
]


def test_a_run_is_billed_by_the_invocation_and_holds_what_its_replicas_keep() -> None:
    found = cost(SAID, USAGE)
    assert found.billed == 0.5 + 1.0 + 0.5 + 1.0 + 1.0
    # each replica from its first invocation to its last, and ten seconds more
    assert found.held == 13.0 * 0.5 + 12.0 * 0.5 + 10.5 * 2.0 + 14.0 * 0.25
    assert (found.server, found.wall, found.env_steps) == (3.0, 4.0, 500)


def test_a_server_kept_all_day_is_paid_by_enough_runs() -> None:
    assert of_day(spent=3.0 * DAY, runs_a_day=1, server=3.0) == 1.0
    assert of_day(spent=30.0, runs_a_day=100, server=3.0) == pytest.approx(1000.0 / DAY)


def test_rows_compare_each_run_with_its_own_server() -> None:
    rows = of_costs("c", [Cost(billed=4.0, held=37.0, server=3.0, wall=4.0, env_steps=500)])
    told = {row.what.removeprefix("c: "): row.value for row in rows}
    assert told["billed per million steps"] == 8000.0
    assert told["server kept for the run"] == 12.0
    assert told["billed / server"] == pytest.approx(1 / 3)
    assert told["held, 100 a day / server kept all day"] == pytest.approx(3700 / (3 * DAY))
