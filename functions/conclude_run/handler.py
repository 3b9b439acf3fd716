"""conclude-run: ends a run by target, budget, stop request or failure, and writes its report."""

import asyncio
import time

import msgspec

from adapters.manifests import specification
from adapters.stage import stage
from events import subjects
from events.conclusion import conclude
from events.history import Completion, Failure, History, fold
from events.ports import Messages, Services
from events.report import build
from schemas import keys
from schemas.messages import (
    EvaluationCompleted,
    InvocationDeadLettered,
    RunCompleted,
    RunFailed,
    StopRequested,
)
from schemas.references import ObjectRef

from .curve import draw

Ending = EvaluationCompleted | StopRequested | RunFailed | InvocationDeadLettered


@stage(EvaluationCompleted, StopRequested, RunFailed, InvocationDeadLettered)
async def handle(message: Ending, services: Services) -> Messages:
    """`run.completed` or `run.failed` when the facts so far end the run; nothing otherwise."""
    run = message.run
    history = fold(await services.facts.read(*subjects.of_run(run)))
    if isinstance(message, RunFailed):
        await _report(run, history, services)
        return []
    if history.end:
        return []
    spec = await specification(services, history.started.manifest) if history.started else None
    match conclude(history, spec):
        case Completion(reason, policy) as end:
            history.end, history.end_at = end, time.time()
            report = await _report(run, history, services)
            return [RunCompleted(run=run, reason=reason, policy=policy, report=report)]
        case Failure(reason, function, detail):
            return [RunFailed(run=run, reason=reason, function=function, detail=detail)]
    return []


async def _report(run: str, history: History, services: Services) -> ObjectRef:
    """Write the report and its picture, unless they are there."""
    usage = await services.facts.usage(run)
    report = build(run, history, usage, time.time())
    picture = await asyncio.to_thread(draw, report)
    await services.objects.put(keys.learning_curve(run), picture, "image/png")
    data = msgspec.json.format(msgspec.json.encode(report))
    return await services.objects.put(keys.report(run), data, "application/json")
