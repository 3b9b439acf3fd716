"""Runs, as the log of facts tells them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import aclosing
from typing import Any, get_args

from msgspec import Struct

from faastraingym.cli import run_ids
from faastraingym.cli.errors import BadInput, BeingRestored
from faastraingym.cli.world import Connected
from faastraingym.events.pipeline import event_backup, subjects
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.ports import FactLog, Recorded
from faastraingym.events.views.report import build
from faastraingym.events.views.run import status
from faastraingym.schemas.messages import EvaluationCompleted, RunCompleted, RunRequested, tag
from faastraingym.schemas.report import RunReport, Status
from faastraingym.schemas.validation import suggestion

ABOUT_RUNS = subjects.of_topic("run.*")  # requested, started, stop-requested, completed, failed


class RunRow(Struct, frozen=True, kw_only=True):
    """One line of `faastrain runs`."""

    run_id: str
    status: Status
    reason: str
    algorithm: str
    environment: str
    seed: int | None = None  # None: the specification that was refused has none
    versions: int
    env_steps: int
    evaluation: float | None  # mean return of the reported policy
    requested_at: float  # Unix time, seconds
    wall_seconds: float


async def history(stack: Connected, run: str) -> History:
    """Everything said about `run`.

    Raises:
        BadInput: nothing was; its text names the nearest run.
        BeingRestored: the broker lost it, and the store has it still.
    """
    records = await stack.facts.read(*subjects.of_run(run_ids.check(run)))
    if records:
        return fold(records)
    if await is_known(stack, run):
        raise BeingRestored(
            f"the broker has lost run {run}, and says it again from the object store within a "
            f"minute or two; `faastrain follow {run}` waits for that"
        )
    raise await _unknown(stack.facts, run)


async def is_known(stack: Connected, run: str) -> bool:
    """Whether the log has `run`, or the store what `reconcile` will say it again from."""
    if await stack.facts.count(subjects.of_kind(RunRequested, run)):
        return True
    return await event_backup.is_kept(run, stack.objects, stack.bucket)


async def awaited(stack: Connected, run: str, say: Callable[[str], None]) -> History:
    """As `history`; a run that is being restored is waited for, and `say` is told so.

    Raises:
        BadInput: there is no such run.
    """
    try:
        return await history(stack, run)
    except BeingRestored as why:
        say(str(why))
    request: Any = stack.facts.follow(subjects.of_kind(RunRequested, run))  # it is said last
    async with aclosing(request) as said:
        await anext(said)
    return await history(stack, run)


async def report(stack: Connected, run: str, now: float) -> RunReport:
    """The report of `run` as it stands at `now` (Unix time, seconds).

    Raises:
        BadInput, BeingRestored: as `history`.
    """
    told = await history(stack, run)
    return build(run, told, await stack.facts.usage(run), now)


async def overview(
    facts: FactLog,
    now: float,
    statuses: Collection[str] = get_args(Status),
    limit: int | None = None,
) -> list[RunRow]:
    """The runs of these statuses, the newest first, `limit` at most.

    A completed run is told by its end and one evaluation, so that many old runs stay cheap.
    """
    known = {run: fold(records) for run, records in _by_run(await facts.read(ABOUT_RUNS))}
    wanted = [run for run, told in known.items() if status(told) in statuses]
    newest = sorted(wanted, key=lambda run: known[run].first_at, reverse=True)[:limit]
    histories = {run: known[run] for run in newest}
    for run, told in histories.items():
        if not isinstance(told.end, RunCompleted):
            histories[run] = fold(await facts.read(*subjects.of_run(run)))
    for record in await _final_evaluations(facts, histories):
        if isinstance(record.fact, EvaluationCompleted):
            version = record.fact.policy.version
            histories[record.fact.run].evaluations[version] = record.fact
    rows = [_row(run, told, now) for run, told in histories.items()]
    return sorted(rows, key=lambda row: row.requested_at, reverse=True)


async def _unknown(facts: FactLog, run: str) -> BadInput:
    known = [record.fact.run for record in await facts.read(subjects.of_topic(tag(RunRequested)))]
    near = suggestion(run, known)
    hint = near if near.startswith("; did") else "; `faastrain runs` lists all"
    return BadInput(f"there is no run {run!r}{hint}")


async def _final_evaluations(facts: FactLog, histories: dict[str, History]) -> list[Recorded]:
    wanted = [
        subjects.of_kind(EvaluationCompleted, run, told.end.policy.version)
        for run, told in histories.items()
        if isinstance(told.end, RunCompleted)
    ]
    return await facts.read(*wanted) if wanted else []


def _by_run(records: Iterable[Recorded]) -> Iterable[tuple[str, list[Recorded]]]:
    groups: dict[str, list[Recorded]] = defaultdict(list)
    for record in records:
        groups[record.fact.run].append(record)
    return groups.items()


def _seed(told: History) -> int | None:
    """Of the raw specification, which may be anything."""
    found = told.requested.spec.get("seed", 0) if told.requested else None
    return found if isinstance(found, int) else None


def _row(run: str, told: History, now: float) -> RunRow:
    told_report = build(run, told, [], now)
    return RunRow(
        run_id=run,
        status=told_report.status,
        reason=told_report.reason,
        algorithm=told_report.algorithm,
        environment=told_report.environment,
        seed=_seed(told),
        versions=told_report.versions,
        env_steps=told_report.env_steps,
        evaluation=told_report.evaluation.mean if told_report.evaluation else None,
        requested_at=told.first_at,
        wall_seconds=told_report.wall_seconds,
    )
