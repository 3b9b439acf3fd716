"""Runs as a list: how each stands, from few facts."""

import pytest
from msgspec.structs import replace

from faastraingym.events.views.runs import overview
from faastraingym.schemas.messages import Message, RunCompleted, RunUnreported
from tests.events.facts import REPORTED, REQUESTED, RUN, STARTED, evaluated, policy, updated
from tests.fakes import InMemoryFactLog

COMPLETED = RunCompleted(run=RUN, reason="target", policy=policy(1))
UNREPORTED = RunUnreported(run=RUN, reason="no picture", detail="Traceback")
WELL = (REQUESTED, STARTED, updated(0), updated(1), updated(2), evaluated(1, 480.0), COMPLETED)


async def said(*facts: Message, run: str = RUN) -> InMemoryFactLog:
    log = InMemoryFactLog()
    for fact in facts:
        await log.publish_once(replace(fact, run=run))
    return log


async def test_a_completed_run_is_told_by_its_end_and_one_evaluation() -> None:
    """The policy is the end's, though training went on."""
    (row,) = await overview(await said(*WELL, REPORTED), now=0.0)
    assert (row.run_id, row.status, row.reason) == (RUN, "completed", "target")
    assert (row.algorithm, row.environment, row.seed) == ("ppo", "CartPole-v1", 0)
    assert (row.versions, row.env_steps, row.evaluation) == (1, 100, 480.0)


@pytest.mark.parametrize(
    ("more", "status", "reason"),
    [
        ((), "completed", "target"),
        ((UNREPORTED,), "failed", "target; no picture"),
        ((UNREPORTED, REPORTED), "completed", "target"),
    ],
)
async def test_a_report_that_was_given_up_and_then_written_counts(more, status, reason) -> None:
    """Its dead letter was replayed."""
    (row,) = await overview(await said(*WELL, *more), now=0.0)
    assert (row.status, row.reason) == (status, reason)


async def test_only_these_statuses_and_no_more_than_asked_for() -> None:
    """The newest first."""
    log = InMemoryFactLog()
    for name in ("a", "b", "c"):
        await log.publish_once(replace(REQUESTED, run=name))
    await log.publish_once(replace(COMPLETED, run="c"))
    rows = await overview(log, 0.0, ["requested"], limit=1)
    assert [(row.run_id, row.status) for row in rows] == [("b", "requested")]
