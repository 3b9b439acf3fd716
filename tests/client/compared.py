"""Runs that have ended, or go on, in a stack in memory."""

from typing import Any

import msgspec

from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import fold
from faastraingym.events.ports import Recorded
from faastraingym.events.views.report import build
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    EvaluationCompleted,
    Message,
    PolicyUpdated,
    ReportWritten,
    RunCompleted,
    RunFailed,
    RunRequested,
    RunStarted,
    TrialRequested,
)
from tests.client.facts import NOW, obj, policy, usage
from tests.client.memory import Stack
from tests.events.experiments.acting_out import NAME, Log, calm
from tests.events.views.compared import spec

RATE = "algorithm.learning_rate"
POPULATION = {  # of which trial 1 is better, so that a copy of it takes the place of trial 0
    "run": spec(),
    "space": {RATE: {"kind": "choice", "values": [1e-4, 1e-3, 1e-2]}},
    "seeds": [1, 2],
    "sampler": {"name": "random", "trials": 2},
    "scheduler": {"name": "population", "every": 200, "quantile": 0.5, "resample": 0.0},
}
SECONDS = 10.0  # between two facts


def settings(seed: int, target: float | None = None, **algorithm: Any) -> dict[str, Any]:
    return spec(seed, target, **algorithm)


async def put(
    stack: Stack,
    run: str,
    of: dict[str, Any],
    returns: tuple[float, ...],
    *,
    end: str = "budget",
    stored: bool = True,
) -> None:
    """A run evaluated after each update, with 2 GB-seconds begun between two evaluations.

    Args:
        stack: into whose log and store.
        run: its name.
        of: its raw specification.
        returns: of its evaluations.
        end: a reason; "failed", or empty: it goes on.
        stored: its report is written.
    """
    manifest = obj(keys.manifest(run))
    said: list[Message] = [RunRequested(run=run, spec=of), RunStarted(run=run, manifest=manifest)]
    for version, found in enumerate(returns, 1):
        ref = policy(version, run)
        said += [
            PolicyUpdated(run=run, manifest=manifest, policy=ref, rollouts=2, evaluate=True),
            EvaluationCompleted(
                run=run,
                manifest=manifest,
                policy=ref,
                evaluation=obj("evaluation"),
                episodes=5,
                return_mean=found,
                return_std=0.0,
                length_mean=found,
            ),
        ]
    if end == "failed":
        said.append(RunFailed(run=run, reason="the environment raised"))
    elif end:
        said.append(RunCompleted(run=run, reason=end, policy=policy(len(returns), run)))
    begun = NOW - SECONDS * len(said)
    records = [Recorded(i, begun + SECONDS * i, fact) for i, fact in enumerate(said, 1)]
    spent = [
        msgspec.structs.replace(
            usage("rollout", 4.0, False, run), started_at=begun + SECONDS * (2 * v + 1)
        )
        for v in range(1, len(returns) + 1)
    ]
    for record in records:
        stack.facts.log.append((subjects.of(record.fact), record))
    for one in spent:
        await stack.facts.meter(one)
    if end and stored:
        report = build(run, fold(records), spent, NOW)
        written = await stack.objects.put(keys.report(run), msgspec.json.encode(report))
        fact = ReportWritten(run=run, report=written, learning_curve=obj("curve"))
        stack.facts.log.append((subjects.of(fact), Recorded(len(records) + 1, NOW, fact)))


async def put_population(stack: Stack) -> str:
    """An experiment of POPULATION that has ended, with its runs; returns its name."""
    log = calm(Log(POPULATION), lambda trial, seed, rung: 10.0 * (trial % 2) + seed)
    for record in log.records:
        stack.facts.log.append((subjects.of(record.fact), record))
    for fact in log.said(TrialRequested).values():
        for run, seed in zip(fact.runs, (1, 2), strict=True):
            chosen = {"learning_rate": fact.settings[RATE]}
            await put(stack, run, settings(seed, **chosen), (10.0 * (fact.trial % 2) + seed,))
    return NAME
