"""conclude-run: ends a run by target, budget, stop request or failure, and writes its report.

A fact decides the end, and the log stores only the first. The report is written from the log, so
the two cannot contradict each other.
"""

import asyncio
import time
from collections.abc import Sequence

import msgspec

from faastraingym.adapters.stage.manifests import specification
from faastraingym.adapters.stage.stage import stage
from faastraingym.events.experiments.reporting import is_of_experiment, reported
from faastraingym.events.pipeline import event_backup, subjects
from faastraingym.events.pipeline.conclusion import conclude, unreported, why
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.ports import Messages, Recorded, Services, Unavailable
from faastraingym.events.views.report import build
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    EvaluationCompleted,
    ExperimentFailed,
    ExperimentRequested,
    InvocationCompleted,
    InvocationDeadLettered,
    ReportWritten,
    RunCompleted,
    RunFailed,
    StopRequested,
)
from faastraingym.schemas.references import REGISTRY

from .curve import draw

Received = EvaluationCompleted | StopRequested | InvocationDeadLettered | RunCompleted | RunFailed


@stage(EvaluationCompleted, StopRequested, InvocationDeadLettered, RunCompleted, RunFailed)
async def handle(message: Received, services: Services) -> Messages:
    """The end, when the facts so far make one; after the end, the report and an event backup.

    A report that is given up is published as such; replaying its dead letter tries it again. The
    experiment of a run is told of its end. An experiment fails by its own dead letter.
    """
    if message.run == REGISTRY:  # a webhook was given up, which ends no run
        return []
    facts = await services.facts.read(*subjects.of_run(message.run))
    history = fold(facts)
    if history.requested is None:
        asked = any(isinstance(record.fact, ExperimentRequested) for record in facts)
        if asked and isinstance(message, InvocationDeadLettered):
            return [_experiment_failed(message)]
        raise Unavailable(f"the log of run {message.run} is being restored")
    if history.end:
        return await _ended(message, facts, history, services)
    spec = await specification(services, history.started.manifest) if history.started else None
    end = conclude(history, spec)
    return [end] if end else []


def _experiment_failed(letter: InvocationDeadLettered) -> ExperimentFailed:
    return ExperimentFailed(
        run=letter.run, reason=f"{letter.function} failed {letter.attempts} time(s): {why(letter)}"
    )


async def _ended(
    message: Received, facts: Sequence[Recorded], history: History, services: Services
) -> Messages:
    """The report, with an event backup, or that it was given up; what its experiment is told."""
    run, written = message.run, history.newest.report is not None
    given_up = unreported(history) if isinstance(message, InvocationDeadLettered) else None
    if written and not is_of_experiment(history):
        return []
    if not (written or given_up):
        copied = event_backup.held(await event_backup.copies(run, services.bucket))
        await event_backup.keep(run, facts[copied:], copied, services.objects)
    usage = await services.facts.usage(run)
    told = reported(history, usage)
    if written:
        return told
    return [given_up or await _report(run, history, usage, services), *told]


async def _report(
    run: str, history: History, usage: Sequence[InvocationCompleted], services: Services
) -> ReportWritten:
    """Write the segment's report and its picture, unless they are there."""
    segment = history.segment
    report = build(run, history, usage, time.time())
    picture = await asyncio.to_thread(draw, report)
    data = msgspec.json.format(msgspec.json.encode(report))
    curve, written = await asyncio.gather(
        services.objects.put(keys.learning_curve(run, segment), picture, "image/png"),
        services.objects.put(keys.report(run, segment), data, "application/json"),
    )
    return ReportWritten(run=run, report=written, learning_curve=curve, segment=segment)
