"""Runs, as the log of facts tells them."""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from cli import run_ids
from cli.errors import BadInput
from events import subjects
from events.history import History, fold
from events.ports import FactLog, Recorded
from events.report import build
from schemas.messages import EvaluationCompleted, RunCompleted, RunRequested, tag
from schemas.report import RunReport, Status
from schemas.validation import suggestion

ABOUT_RUNS = subjects.of_topic("run.*")  # requested, started, stop-requested, completed, failed


class RunRow(Struct, frozen=True, kw_only=True):
    """One line of `faastrain runs`."""

    run_id: str
    status: Status
    reason: str
    algorithm: str
    environment: str
    versions: int
    env_steps: int
    evaluation: float | None  # mean return of the reported policy
    requested_at: float  # Unix time, seconds
    wall_seconds: float

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.status not in ("completed", "failed")


async def history(facts: FactLog, run: str) -> History:
    """Everything said about `run`.

    Raises:
        BadInput: nothing was; its text names the nearest run.
    """
    records = await facts.read(*subjects.of_run(run_ids.check(run)))
    if not records:
        raise await _unknown(facts, run)
    return fold(records)


async def exists(facts: FactLog, run: str) -> bool:
    """Whether anything was said about `run`."""
    return await facts.count(subjects.of_kind(RunRequested, run)) > 0


async def report(facts: FactLog, run: str, now: float) -> RunReport:
    """The report of `run` as it stands at `now` (Unix time, seconds).

    Raises:
        BadInput: there is no such run.
    """
    told = await history(facts, run)
    return build(run, told, await facts.usage(run), now)


async def overview(facts: FactLog, now: float) -> list[RunRow]:
    """All runs, the newest first.

    A completed run is told by its end and one evaluation, so that many old runs stay cheap.
    """
    histories = {run: fold(records) for run, records in _by_run(await facts.read(ABOUT_RUNS))}
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


def _row(run: str, told: History, now: float) -> RunRow:
    told_report = build(run, told, [], now)
    return RunRow(
        run_id=run,
        status=told_report.status,
        reason=told_report.reason,
        algorithm=told_report.algorithm,
        environment=told_report.environment,
        versions=told_report.versions,
        env_steps=told_report.env_steps,
        evaluation=told_report.evaluation.mean if told_report.evaluation else None,
        requested_at=told.first_at,
        wall_seconds=told_report.wall_seconds,
    )
