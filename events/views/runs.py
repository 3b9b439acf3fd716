"""Runs as a list, the newest first."""

from collections.abc import Collection, Mapping
from typing import get_args

from msgspec import Struct

from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import History, by_run, fold
from faastraingym.events.ports import FactLog, Recorded
from faastraingym.events.views.report import build
from faastraingym.events.views.run import status
from faastraingym.schemas.messages import EvaluationCompleted, ReportWritten, RunCompleted, tag
from faastraingym.schemas.report import Status

LIVES = (subjects.of_topic("run.*"), subjects.of_topic(tag(ReportWritten)))  # how runs stand


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


async def overview(
    facts: FactLog,
    now: float,
    statuses: Collection[str] = get_args(Status),
    limit: int | None = None,
) -> list[RunRow]:
    """The runs of these statuses, the newest first, `limit` at most.

    A completed run is told by its end and one evaluation, so that many old runs stay cheap.
    """
    known = {run: fold(said) for run, said in by_run(await facts.read(*LIVES)).items()}
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


async def _final_evaluations(facts: FactLog, histories: Mapping[str, History]) -> list[Recorded]:
    wanted = [
        subjects.of_kind(EvaluationCompleted, run, told.end.policy.version)
        for run, told in histories.items()
        if isinstance(told.end, RunCompleted)
    ]
    return await facts.read(*wanted) if wanted else []


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
