"""Which runs there are, and which go on: those whose newest segment still owes its report."""

from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import by_run, fold
from faastraingym.events.ports import FactLog
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
    said = await facts.read(*(subjects.of_topic(tag(kind)) for kind in _KINDS))
    told = {run: fold(records) for run, records in by_run(said).items()}
    return {run: not history.over for run, history in told.items() if history.requested}


async def any_active(facts: FactLog) -> bool:
    """Whether any run goes on."""
    return any((await known_runs(facts)).values())
