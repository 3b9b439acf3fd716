"""Which runs go on: requested, and without a report."""

from events import subjects
from events.ports import FactLog
from schemas.messages import ReportWritten, RunRequested

_KINDS = (RunRequested, ReportWritten)


async def active_runs(facts: FactLog) -> list[str]:
    """Their names, in the order of their requests."""
    said = [r.fact for r in await facts.read(*(subjects.of_kind(kind, "*") for kind in _KINDS))]
    over = {fact.run for fact in said if isinstance(fact, ReportWritten)}
    return [f.run for f in said if isinstance(f, RunRequested) and f.run not in over]


async def any_active(facts: FactLog) -> bool:
    """Whether any run goes on."""
    return bool(await active_runs(facts))
