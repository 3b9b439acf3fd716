"""Which runs have started and not ended."""

from events import subjects
from events.ports import FactLog
from schemas.messages import RunCompleted, RunFailed, RunStarted

_KINDS = (RunStarted, RunCompleted, RunFailed)


async def active_runs(facts: FactLog) -> list[str]:
    """Their names, in the order of their start."""
    said = [r.fact for r in await facts.read(*(subjects.of_kind(kind, "*") for kind in _KINDS))]
    ended = {fact.run for fact in said if not isinstance(fact, RunStarted)}
    return [f.run for f in said if isinstance(f, RunStarted) and f.run not in ended]


async def any_active(facts: FactLog) -> bool:
    """Whether any run goes on."""
    return bool(await active_runs(facts))
