"""The cost of an attempt that its function cannot report, because its replica died.

If a function crashed, or went over its memory or its `exec_timeout`, the gateway answers in its
place, and the queue-worker counts the attempt: from its delivery to that answer.
"""

import logging
import random
import time

from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import AGAIN, Request
from faastraingym.events.ports import FactLog, Unavailable
from faastraingym.events.telemetry import tracing
from faastraingym.events.telemetry.identity import identity
from faastraingym.events.topology.stack_file import Function
from faastraingym.schemas.messages import InvocationCompleted

logger = logging.getLogger(__name__)

SKEW_SECONDS = 0.1  # between two clocks; an attempt's next one comes later than that


async def count(facts: FactLog, function: Function, request: Request, answer: Answer) -> None:
    """Meter an attempt whose replica died, unless it has reported its cost and died then."""
    spent = of_death(function, request, answer, time.time(), random.getrandbits(64) or 1)
    if spent is None:
        return
    since = spent.started_at - SKEW_SECONDS
    try:
        usage = await facts.usage(spent.run, spent.function, since)
        if not any(o.call_id == spent.call_id and o.started_at >= since for o in usage):
            await facts.meter(spent)
    except Unavailable as error:
        logger.warning("not metered", extra={"call_id": spent.call_id, "why": str(error)})


def of_death(
    function: Function, request: Request, answer: Answer, now: float, span: int
) -> InvocationCompleted | None:
    """The cost of the attempt that ended `now` (Unix time, seconds), as the span of that id.

    None if no answer came, so that the replica may go on, or if the message belongs to no run.
    """
    message, named = request.message, request.named
    if not answer.seconds or message is None:
        return None
    cause = tracing.parse(named.get(tracing.HEADER, "")) or tracing.of_run(message.run)
    return InvocationCompleted(
        function=function.name,
        call_id=request.call_id,
        replica="",
        started_at=now - answer.seconds,
        seconds=answer.seconds,
        memory_mb=function.memory_mb,
        cold_start=False,
        status=answer.status,
        retried=AGAIN.lower() in named,
        traceparent=str(tracing.Context(cause.trace, f"{span:016x}")),
        parent=cause.span,
        **identity(message),
    )
