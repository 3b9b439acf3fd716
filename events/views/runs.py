"""Runs as a list, the newest first."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, get_args

from msgspec import Struct

from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import History, by_run, fold
from faastraingym.events.ports import FactLog, Recorded
from faastraingym.events.views.report import build
from faastraingym.events.views.run import status
from faastraingym.schemas import messages as m
from faastraingym.schemas import raw
from faastraingym.schemas.report import Status

_LIVING = (
    m.RunRequested,
    m.RunResumed,
    m.RunUnreported,
    m.ReportWritten,
    m.RunRemoved,
    m.ExperimentRequested,
    m.ExperimentCompleted,
    m.ExperimentFailed,
)
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
    """Whether each requested run or experiment is active, by first fact.

    Of a run the newest segment has no report, an experiment has no end; what was removed is not.
    """
    return {run: not known.over for run, known in await _requested(facts)}


async def users(facts: FactLog, packages: Sequence[str]) -> list[str]:
    """The active runs whose specification names one of these packages, by first fact."""
    return [
        run
        for run, known in await _requested(facts)
        if not known.over and not set(packages).isdisjoint(raw.packages(known.spec))
    ]


class _Known(NamedTuple):
    spec: dict[str, Any]  # raw; of an experiment its base run's
    over: bool


async def _requested(facts: FactLog) -> list[tuple[str, _Known]]:
    """Each run and experiment that was requested or removed, by first fact."""
    found = by_run(await facts.read(*(subjects.of_topic(m.tag(kind)) for kind in _LIVING)))
    known = {run: _known(said) for run, said in found.items()}
    return [(run, each) for run, each in known.items() if each]


def _known(said: Sequence[Recorded]) -> _Known | None:
    history = fold(said)
    if history.removed:
        return _Known({}, True)
    if history.requested:
        return _Known(history.requested.spec, history.over)
    facts = [record.fact for record in said]
    asked = next((fact for fact in facts if isinstance(fact, m.ExperimentRequested)), None)
    if asked is None:
        return None
    ended = any(isinstance(fact, m.ExperimentCompleted | m.ExperimentFailed) for fact in facts)
    return _Known(raw.base(asked.spec), ended)


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
    there = {run: history for run, history in known.items() if not history.removed}
    wanted = [run for run, history in there.items() if status(history) in statuses]
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
