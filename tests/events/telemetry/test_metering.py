"""Attempts whose replica died are counted by who delivered them: once, and only these."""

import time

import pytest
from msgspec.structs import replace

from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import Request, again
from faastraingym.events.telemetry import metering, tracing
from faastraingym.events.topology.stack_file import Function
from faastraingym.schemas.messages import InvocationCompleted, RewardsReady, encode
from tests.events.facts import ready
from tests.fakes import InMemoryFactLog

FUNCTION = Function(name="plan-update", memory_mb=512)
FACT: RewardsReady = ready(3)
CAUSE = tracing.Context("ab" * 16, "cd" * 8)
REQUEST = Request(headers={"X-Call-Id": "7", "Traceparent": str(CAUSE)}, body=encode(FACT))
DIED = Answer(502, b"plan-update-1f2e died", seconds=2.5)
SPENT = InvocationCompleted(
    run=FACT.run,
    function="plan-update",
    call_id="7",
    replica="",
    started_at=97.5,
    seconds=2.5,
    memory_mb=512,
    cold_start=False,
    status=502,
    heard="rewards.ready",
    version=3,
    traceparent=f"00-{CAUSE.trace}-00000000000000ff-01",
    parent=CAUSE.span,
)


def of_death(request: Request, answer: Answer) -> InvocationCompleted | None:
    return metering.of_death(FUNCTION, request, answer, 100.0, 0xFF)


def test_an_attempt_costs_the_time_from_its_delivery_to_the_answer_that_says_that_it_died() -> None:
    """Times its function's memory; its span is one of the trace that caused it."""
    assert of_death(REQUEST, DIED) == SPENT
    assert of_death(again(REQUEST), DIED._replace(status=504)) == replace(
        SPENT, status=504, retried=True
    )


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (REQUEST, DIED._replace(seconds=0.0)),  # nobody answered, so it may be at work still
        (replace(REQUEST, body=b"of a user's own"), DIED),  # of no run, and no stage
    ],
)
def test_what_is_counted_elsewhere_or_was_never_tried_is_not_counted(
    request_: Request, answer: Answer
) -> None:
    assert of_death(request_, answer) is None


async def test_a_replica_that_died_after_it_had_told_its_cost_is_not_counted_twice() -> None:
    """Between its metering and its answer."""
    log = InMemoryFactLog()
    told = replace(SPENT, started_at=time.time() - 2.4, status=200, replica="plan-update-1f2e")
    await log.meter(told)
    await metering.count(log, FUNCTION, REQUEST, DIED)
    assert log.metered == [told]


async def test_an_attempt_before_and_another_call_are_no_reason_not_to_count() -> None:
    """The same call failed before, and told so; others end meanwhile."""
    log, now = InMemoryFactLog(), time.time()
    before = replace(SPENT, started_at=now - 3.0, seconds=0.1, status=500)
    other = replace(SPENT, started_at=now - 1.0, call_id="8", status=200)
    for spent in (before, other):
        await log.meter(spent)
    await metering.count(log, FUNCTION, REQUEST, DIED)
    assert [spent.status for spent in log.metered] == [500, 200, 502]
