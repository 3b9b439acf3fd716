"""Which runs there are, and which go on: those whose newest leg still owes its report."""

from collections import defaultdict

from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import fold
from faastraingym.events.ports import FactLog, Recorded
from faastraingym.schemas.messages import (
    ReportWritten,
    RunRequested,
    RunResumed,
    RunUnreported,
    tag,
)

_KINDS = (RunRequested, RunResumed, RunUnreported, ReportWritten)


async def known_runs(facts: FactLog) -> dict[str, bool]:
    """Whether it goes on, by run, in the order of their requests."""
    by_run: dict[str, list[Recorded]] = defaultdict(list)
    for record in await facts.read(*(subjects.of_topic(tag(kind)) for kind in _KINDS)):
        by_run[record.fact.run].append(record)
    told = {run: fold(records) for run, records in by_run.items()}
    return {run: not history.over for run, history in told.items() if history.requested}


async def any_active(facts: FactLog) -> bool:
    """Whether any run goes on."""
    return any((await known_runs(facts)).values())
