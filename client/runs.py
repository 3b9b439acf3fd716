"""A run, as the log of facts tells it; and what to do where it does not."""

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from faastraingym.client import run_ids
from faastraingym.client.errors import BadInput, BeingRestored, RunFailed
from faastraingym.client.world import Connected
from faastraingym.events.experiments.names import is_run_of
from faastraingym.events.pipeline import event_backup, subjects
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.ports import FactLog, Recorded
from faastraingym.events.views.report import build
from faastraingym.schemas.messages import ExperimentRequested, RunRemoved, RunRequested, tag
from faastraingym.schemas.report import RunReport
from faastraingym.schemas.validation import suggestion


async def records(stack: Connected, run: str) -> list[Recorded]:
    """All facts of `run`, or of an experiment, in the log's order.

    Raises:
        BadInput: there is no such run; its text names the nearest one.
        BeingRestored: the broker lost it, and the store has it still.
    """
    found = await stack.facts.read(*subjects.of_run(run_ids.check(run)))
    if any(isinstance(record.fact, RunRemoved) for record in found):
        raise BadInput(gone(run))
    if found:
        return found
    if await is_known(stack, run):
        raise BeingRestored(
            f"the broker has lost run {run}; reconcile restores it from the object store within a "
            f"minute or two; `faastrain follow {run}` waits for that"
        )
    raise await _unknown(stack.facts, run)


async def history(stack: Connected, run: str) -> History:
    """All facts of `run`, folded; raises as `of_run`."""
    return fold(await of_run(stack, run))


async def of_run(stack: Connected, run: str) -> list[Recorded]:
    """As `records`; raises as that does, and BadInput of an experiment."""
    found = await records(stack, run)
    if any(isinstance(record.fact, ExperimentRequested) for record in found):
        raise BadInput(
            f"{run} is an experiment, whose runs are called {run}-TRIAL-SEED; `faastrain runs` "
            "lists them"
        )
    return found


def gone(name: str) -> str:
    """What is said of a run or an experiment that was removed."""
    return f"{name} was removed; `faastrain runs` and `faastrain experiments` list what is there"


async def check_free(stack: Connected, name: str) -> None:
    """Return when no experiment has the name or needs it, and it was of none that was removed.

    Raises:
        BadInput: one has, or had.
    """
    if await event_backup.is_removed(name, stack.facts, stack.objects):
        raise BadInput(
            f"{name} was removed, and a removed name is never used again; choose another name, or "
            "leave it out"
        )
    parent = name.rsplit("-", 2)[0]
    for experiment in {name, *([parent] if is_run_of(name, parent) else [])}:
        if await is_experiment(stack, experiment):
            raise BadInput(f"there is an experiment {experiment!r} already; choose another name")


async def is_experiment(stack: Connected, name: str) -> bool:
    """Whether there is an experiment of that name."""
    return bool(await stack.facts.count(subjects.of_kind(ExperimentRequested, name)))


async def is_known(stack: Connected, run: str) -> bool:
    """Whether the log has `run`, or the store the copies from which `reconcile` restores it."""
    if await stack.facts.count(subjects.of_kind(RunRequested, run)):
        return True
    return await event_backup.is_kept(run, stack.objects, stack.bucket)


async def awaited(stack: Connected, run: str, remark: Callable[[str], None]) -> History:
    """As `history`; waits for a run that is being restored, and remarks that once.

    Raises:
        BadInput: there is no such run.
    """
    try:
        return await history(stack, run)
    except BeingRestored as why:
        remark(str(why))
    request: Any = stack.facts.follow(subjects.of_kind(RunRequested, run))  # it is published last
    async with aclosing(request) as said:
        await anext(said)
    return await history(stack, run)


async def report(stack: Connected, run: str, found: History, now: float) -> RunReport:
    """The report of `run`, whose history was found, as it stands at `now` (Unix time, seconds)."""
    return build(run, found, await stack.facts.usage(run), now)


def succeeded(ended: RunReport) -> RunReport:
    """The report of a run that has not failed.

    Raises:
        RunFailed: it has; the text says why.
    """
    if ended.status == "failed":
        raise RunFailed("\n".join(filter(None, (f"{ended.run_id}: {ended.reason}", ended.detail))))
    return ended


async def _unknown(facts: FactLog, run: str) -> BadInput:
    known = [record.fact.run for record in await facts.read(subjects.of_topic(tag(RunRequested)))]
    near = suggestion(run, known)
    hint = near if near.startswith("; did") else "; `faastrain runs` lists all"
    return BadInput(f"there is no run {run!r}{hint}")
