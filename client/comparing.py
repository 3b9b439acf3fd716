"""Runs compared: their reports from the store, or while they go on from the log."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import structs

from faastraingym.client import comparison_films, importance, run_ids, runs
from faastraingym.client.comparison import Comparison
from faastraingym.client.errors import BadInput
from faastraingym.client.world import Connected
from faastraingym.events.experiments import history as experiments
from faastraingym.events.experiments.history import Experiment
from faastraingym.events.gathering import each
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import History, by_run, fold
from faastraingym.events.ports import LostObject, Recorded
from faastraingym.events.views import comparison, groups, scores, trials
from faastraingym.events.views.report import elapsed
from faastraingym.events.views.run import spend
from faastraingym.schemas.comparison import Spending
from faastraingym.schemas.messages import (
    EvaluationCompleted,
    ExperimentRequested,
    ReportWritten,
    RunRemoved,
    RunRequested,
)
from faastraingym.schemas.report import CurvePoint, RunReport

FILTERS = 200  # of one read: what they find fits into the broker's answer
AT_ONCE = 16  # runs that are read: of more, the last would wait for its answer too long


async def compared(
    stack: Connected, names: Sequence[str], target: float | None, now: float
) -> Comparison:
    """The runs of these names, each once; an experiment's name stands for its runs.

    Args:
        stack: which has them.
        names: of runs and experiments.
        target: mean evaluation return to be reached; None: the runs' own.
        now: Unix time, seconds.

    Raises:
        BadInput: there is no such run, or they cannot be compared.
    """
    named = list(map(run_ids.check, names))
    known = await _experiments(stack, named)
    wanted = await _with_trials(stack, named, known)
    importing = asyncio.to_thread(importance.prepare, len(wanted))
    (lives, found), _ = await asyncio.gather(_runs(stack, wanted, now), importing)
    reports = _as_alone(found, known)
    apart = {run: one for pair in known.items() for run, one in trials.apart(*pair).items()}
    grouped = groups.grouped(reports, apart)
    if why := groups.refusal(grouped):
        raise BadInput(why)
    aim = scores.common_target(reports) if target is None else target
    arrived = await _to_target(stack, reports, lives, aim)
    films = await comparison_films.of_runs(stack.objects, reports)
    return Comparison(comparison.build(grouped, aim, arrived, importance.weigh, known), films)


async def _experiments(stack: Connected, names: Sequence[str]) -> dict[str, Experiment]:
    """Those of the names that are experiments'."""
    asked = await _read(stack, [subjects.of_kind(ExperimentRequested, name) for name in names])
    there = list(dict.fromkeys(record.fact.run for record in asked))
    facts = await each(lambda name: stack.facts.read(*subjects.of_run(name)), there, AT_ONCE)
    return {name: experiments.fold(said) for name, said in zip(there, facts, strict=True)}


async def _with_trials(
    stack: Connected, names: Sequence[str], known: Mapping[str, Experiment]
) -> list[str]:
    """Each run once, in the place of an experiment those of its trials that there are.

    Raises:
        BadInput: an experiment has none.
    """
    theirs = {name: _of_trials(one) for name, one in known.items()}
    kinds, every = (RunRequested, RunRemoved), [run for runs in theirs.values() for run in runs]
    said = await _read(stack, [subjects.of_kind(kind, run) for run in every for kind in kinds])
    there = {run for run, facts in by_run(said).items() if not fold(facts).removed}
    members = {name: [run for run in runs if run in there] for name, runs in theirs.items()}
    for name, its_runs in members.items():
        if not its_runs:
            raise BadInput(f"{name} has no run to compare; `faastrain show {name}` tells more")
    return list(dict.fromkeys(run for name in names for run in members.get(name, [name])))


def _of_trials(experiment: Experiment) -> list[str]:
    asked = [trial.requested for _, trial in sorted(experiment.trials.items())]
    return [run for one in asked if one for run in one.runs]


def _as_alone(reports: Sequence[RunReport], known: Mapping[str, Experiment]) -> list[RunReport]:
    """Runs of trials with their whole budget, so that trials differ in their settings alone."""
    specs = {run: s for one in known.values() for run, s in trials.specifications(one).items()}
    return [
        structs.replace(report, spec=specs.get(report.run_id, report.spec)) for report in reports
    ]


async def _runs(
    stack: Connected, names: Sequence[str], now: float
) -> tuple[dict[str, History], list[RunReport]]:
    """What is known of each run's life, and its report."""
    lives = await _lives(stack, names)
    return lives, await each(lambda run: _report(stack, run, lives[run], now), names, AT_ONCE)


async def _lives(stack: Connected, names: Sequence[str]) -> dict[str, History]:
    """What tells where each run's report is; of a run that has none its whole history."""
    patterns = [pattern for run in names for pattern in (*subjects.of_life(run), *_of_reports(run))]
    found = {run: fold(said) for run, said in by_run(await _read(stack, patterns)).items()}
    for run in names:
        if run not in found or not found[run].newest.report:
            found[run] = await runs.history(stack, run)
    return found


def _of_reports(run: str) -> list[str]:
    of_first = subjects.of_kind(ReportWritten, run)
    return [of_first, f"{of_first}.>"]


async def _read(stack: Connected, patterns: Sequence[str]) -> list[Recorded]:
    """In the log's order, as of one read."""
    found: list[Recorded] = []
    for first in range(0, len(patterns), FILTERS):
        found += await stack.facts.read(*patterns[first : first + FILTERS])
    return sorted(found, key=lambda record: record.sequence)


async def _report(stack: Connected, run: str, history: History, now: float) -> RunReport:
    """As it was written at the run's end; else as the log tells it."""
    written = history.newest.report
    if written:
        try:
            return msgspec.json.decode(await stack.objects.get(written.report), type=RunReport)
        except LostObject:
            history = await runs.history(stack, run)
    return await runs.report(stack, run, history, now)


async def _to_target(
    stack: Connected,
    reports: Sequence[RunReport],
    lives: Mapping[str, History],
    target: float | None,
) -> dict[str, Spending]:
    """What each run that reached the target had used up by then."""
    points = {report.run_id: scores.reached(report, target) for report in reports}
    patterns = [
        subjects.of_kind(EvaluationCompleted, run, point.version)
        for run, point in points.items()
        if point
    ]
    at = {record.fact.run: record.at for record in await _read(stack, patterns)}
    arrived = [
        (report, point, at[report.run_id])
        for report in reports
        if (point := points[report.run_id]) and report.run_id in at
    ]
    found = await each(lambda one: _spent(stack, *one, lives), arrived, AT_ONCE)
    return {report.run_id: one for (report, _, _), one in zip(arrived, found, strict=True)}


async def _spent(
    stack: Connected, report: RunReport, point: CurvePoint, at: float, lives: Mapping[str, History]
) -> Spending:
    """Up to an evaluation; the metering of a run that ended there need not be read again."""
    run = report.run_id
    if scores.ended_at(report, point):
        cost = scores.spent(report).gb_seconds
    else:
        before = [one for one in await stack.facts.usage(run) if one.started_at < at]
        cost = sum(one.gb_seconds for one in spend({}, before).values())
    seconds = elapsed(lives[run], at)
    return Spending(env_steps=point.env_steps, seconds=seconds, gb_seconds=cost)
