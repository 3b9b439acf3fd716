"""Runs as a list, the newest first."""

from collections.abc import Collection, Sequence
from typing import get_args

from msgspec import Struct

from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import History, by_run, fold
from faastraingym.events.ports import FactLog
from faastraingym.events.views.report import build
from faastraingym.events.views.run import status
from faastraingym.schemas import messages as m
from faastraingym.schemas import raw
from faastraingym.schemas.report import Status

LIVES = (subjects.of_topic("run.*"), subjects.of_topic(m.tag(m.ReportWritten)))


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


async def known_runs(facts: FactLog) -> dict[str, bool]:
    """Whether each requested run is active (its newest segment has no report), by first fact."""
    return {run: not history.newest.over for run, history in await _requested(facts)}


async def users(facts: FactLog, packages: Sequence[str]) -> list[str]:
    """The active runs whose specification names one of these packages, by first fact."""
    return [
        run
        for run, history in await _requested(facts)
        if not history.newest.over and not set(packages).isdisjoint(_packages(history))
    ]


async def _requested(facts: FactLog) -> list[tuple[str, History]]:
    """Each requested run with what tells whether it is over."""
    kinds = (m.RunRequested, m.RunResumed, m.RunUnreported, m.ReportWritten)
    found = by_run(await facts.read(*(subjects.of_topic(m.tag(kind)) for kind in kinds)))
    known = {run: fold(records) for run, records in found.items()}
    return [(run, history) for run, history in known.items() if history.requested]


def _packages(history: History) -> list[str]:
    return raw.packages(history.requested.spec) if history.requested else []


async def overview(
    facts: FactLog,
    now: float,
    statuses: Collection[str] = get_args(Status),
    limit: int | None = None,
) -> list[RunRow]:
    """The runs of these statuses, the newest first, `limit` at most.

    Of a completed run only its end and one evaluation are read, so that many old runs stay cheap.
    """
    known = {run: fold(said) for run, said in by_run(await facts.read(*LIVES)).items()}
    wanted = [run for run, history in known.items() if status(history) in statuses]
    newest = sorted(wanted, key=lambda run: known[run].first_at, reverse=True)[:limit]
    histories = {run: known[run] for run in newest}
    for run, history in histories.items():
        if not isinstance(history.end, m.RunCompleted):
            histories[run] = fold(await facts.read(*subjects.of_run(run)))
    final = [
        subjects.of_kind(m.EvaluationCompleted, run, history.end.policy.version)
        for run, history in histories.items()
        if isinstance(history.end, m.RunCompleted)
    ]
    for record in await facts.read(*final) if final else []:
        if isinstance(record.fact, m.EvaluationCompleted):
            version = record.fact.policy.version
            histories[record.fact.run].evaluations[version] = record.fact
    rows = [_row(run, history, now) for run, history in histories.items()]
    return sorted(rows, key=lambda row: row.requested_at, reverse=True)


def _row(run: str, history: History, now: float) -> RunRow:
    report = build(run, history, [], now)
    seed = history.requested.spec.get("seed", 0) if history.requested else None
    return RunRow(
        run_id=run,
        status=report.status,
        reason=report.reason,
        algorithm=report.algorithm,
        environment=report.environment,
        seed=seed if isinstance(seed, int) else None,  # the raw specification may be anything
        versions=report.versions,
        env_steps=report.env_steps,
        evaluation=report.evaluation.mean if report.evaluation else None,
        requested_at=history.first_at,
        wall_seconds=report.wall_seconds,
    )
