"""Experiments as lists and reports: pure."""

from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from faastraingym.events.experiments.history import Experiment, Trial, fold
from faastraingym.events.experiments.names import run_name
from faastraingym.events.experiments.plan import best, state, why
from faastraingym.events.experiments.rungs import rungs
from faastraingym.events.gathering import each
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import by_run
from faastraingym.events.ports import FactLog
from faastraingym.events.views.phrases import phrase
from faastraingym.schemas import messages as m
from faastraingym.schemas.comparison import TrialState
from faastraingym.schemas.report import Status

FACTS = (*map(subjects.of_topic, ("experiment.*", m.tag(m.RunRemoved))),)
AT_ONCE = 16  # experiments that are read


class ExperimentRow(Struct, frozen=True, kw_only=True):
    """One line of `faastrain experiments`."""

    experiment_id: str
    status: Status
    reason: str
    sampler: str
    scheduler: str
    trials: int  # requested so far
    of: int | None  # in all; None: it has not started
    failed: int
    best: m.BestTrial | None
    requested_at: float  # Unix time, seconds
    wall_seconds: float


class TrialRow(Struct, frozen=True, kw_only=True):
    """One configuration."""

    trial: int
    state: TrialState
    score: float | None  # mean over the seeds at the last rung that it reached
    env_steps: int  # of all its runs, as far as they reported
    gb_seconds: float
    rung: int  # environment steps to which its runs were sent
    parent: int | None  # of a copy
    settings: dict[str, Any]
    runs: list[str]
    reason: str  # why it stopped or failed


class ExperimentReport(ExperimentRow, frozen=True, kw_only=True):
    """One experiment, as its facts tell it."""

    running: list[str]  # runs that go on
    env_steps: int
    gb_seconds: float
    spec: dict[str, Any]
    rows: list[TrialRow]


def row(name: str, experiment: Experiment, now: float) -> ExperimentRow:
    """An experiment at `now` (Unix time, seconds); of a completed one its end tells enough."""
    spec, end = experiment.spec, experiment.end
    done = end if isinstance(end, m.ExperimentCompleted) else None
    found = best(spec, experiment) if spec and not done else None
    return ExperimentRow(
        experiment_id=name,
        status=status(experiment),
        reason=end.reason if end else "",
        sampler=str(spec.sampler.__struct_config__.tag) if spec else "",
        scheduler=str(spec.scheduler.__struct_config__.tag) if spec else "",
        trials=done.trials if done else len(experiment.trials),
        of=experiment.total if spec else None,
        failed=done.failed if done else len(experiment.failed),
        best=done.best if done else found,
        requested_at=experiment.first_at,
        wall_seconds=round((experiment.end_at or now) - experiment.first_at, 3),
    )


def status(experiment: Experiment) -> Status:
    """As a run's."""
    if experiment.end:
        return "failed" if isinstance(experiment.end, m.ExperimentFailed) else "completed"
    if experiment.stop:
        return "stopping"
    return "running" if experiment.started else "requested"


def report(name: str, experiment: Experiment, now: float) -> ExperimentReport:
    """An experiment at `now` (Unix time, seconds), with all trials in the order of numbers."""
    rows = [_trial(experiment, number) for number in sorted(experiment.trials)]
    source = experiment.started or experiment.requested
    running = [run_name(name, slot.trial, slot.seed) for slot in experiment.running]
    return ExperimentReport(
        **asdict(row(name, experiment, now)),
        running=[] if experiment.end else running,
        env_steps=sum(one.env_steps for one in rows),
        gb_seconds=experiment.gb_seconds,
        spec=source.spec if source else {},
        rows=rows,
    )


def line(fact: m.Message) -> str:
    """A fact of an experiment in words."""
    match fact:
        case m.ExperimentRequested():
            return "requested"
        case m.ExperimentStarted():
            return "started"
        case m.ExperimentStopRequested():
            return "stop requested: its runs end with the policies that they have"
        case m.ExperimentCompleted() | m.ExperimentFailed():
            return f"{m.tag(fact).removeprefix('experiment.')}: {phrase(fact)}"
    return phrase(fact)


async def overview(facts: FactLog, now: float) -> list[ExperimentRow]:
    """All experiments, the newest first.

    Of a completed one its trials are not read, so that many old experiments stay cheap.
    """
    known = {name: fold(said) for name, said in by_run(await facts.read(*FACTS)).items()}
    there = {name: one for name, one in known.items() if _is_there(one)}
    going = [n for n, one in there.items() if not isinstance(one.end, m.ExperimentCompleted)]
    read = await each(lambda name: facts.read(*subjects.of_run(name)), going, AT_ONCE)
    there |= {name: fold(said) for name, said in zip(going, read, strict=True)}
    rows = [row(name, experiment, now) for name, experiment in there.items()]
    return sorted(rows, key=lambda one: one.requested_at, reverse=True)


def _is_there(experiment: Experiment) -> bool:
    return experiment.requested is not None and not experiment.removed


def _inherited(experiment: Experiment, trial: Trial) -> int:
    """Environment steps of its parent's runs with which a copy's runs began."""
    requested = trial.requested
    if requested is None or requested.parent is None:
        return 0
    rung, parent = experiment.first(requested.trial) - 1, experiment.trials[requested.parent]
    found = (parent.reported(seed, rung) for seed in trial.reports)
    return sum(one.env_steps for one in found if one)


def _trial(experiment: Experiment, number: int) -> TrialRow:
    trial, spec = experiment.trials[number], experiment.spec
    newest = [found[max(found)] for found in trial.reports.values()]
    decided = [trial.decided[rung] for rung in sorted(trial.decided)]
    reason = why(trial) if trial.failed else decided[-1].reason if decided else ""
    return TrialRow(
        trial=number,
        state=state(spec, experiment, number) if spec else "waiting",
        score=trial.score,
        env_steps=sum(one.env_steps for one in newest) - _inherited(experiment, trial),
        gb_seconds=sum(one.gb_seconds for one in newest),
        rung=rungs(spec, number)[experiment.first(number) + trial.sent] if spec else 0,
        parent=trial.requested.parent if trial.requested else None,
        settings=trial.requested.settings if trial.requested else {},
        runs=trial.requested.runs if trial.requested else [],
        reason=reason,
    )
