"""evaluate: a policy's episodes, played by many functions at once."""

import asyncio
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from faastraingym.cli import exit_codes
from faastraingym.cli.context import Context
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.interrupts import NOTHING, going_on, leaving, unknown
from faastraingym.client import evaluating, files, loop, progress, remedies, specifications
from faastraingym.client.async_run import AsyncRun
from faastraingym.client.evaluation_rows import Measured, Row, gb_seconds, rows, wall_seconds
from faastraingym.client.evaluations import Asked
from faastraingym.client.progress import PlainView, View
from faastraingym.client.specifications import Composed
from faastraingym.events.views.phrases import one_line
from faastraingym.schemas.report import RunReport

HEAD = ("ENVIRONMENT", "SEED", "EPISODES", "RETURN", "LOW", "HIGH", "MIN", "MAX", "LENGTH")
NUMBERS, SPARE = HEAD[1:], ("MIN", "MAX", "LENGTH")


def evaluate(arguments: Namespace, context: Context) -> ExitCode:
    """Start a run for each environment and seed, follow them, print what they found."""
    context.screen.outlast_readers()
    folder = arguments.out or files.RESULTS
    if arguments.record:
        files.makeable(folder)
    runs = _begun(arguments, context)
    if arguments.detach:
        _tell_begun(runs, arguments.json, context)
        return ExitCode.DONE
    with leaving(_going_on(runs)):
        reports = loop.run(_followed(runs, arguments.json, context))
    for report in reports:
        if report.status == "failed":
            context.screen.remark(f"faastrain: {report.run_id} failed: {one_line(report.reason)}")
        if report.unrecorded:
            why = one_line(report.unrecorded)
            context.screen.remark(f"faastrain: {report.run_id} is not filmed: {why}")
    ended = [run for run, report in zip(runs, reports, strict=True) if _is_whole(report)]
    written = [path for run in ended for path in _films(run, folder)] if arguments.record else []
    _print(loop.run(_measured(ended)), written, arguments.json, context)
    return max(exit_codes.of_run(report.status, report.reason, None) for report in reports)


def _begun(arguments: Namespace, context: Context) -> list[AsyncRun]:
    """The runs, all of which can be played, or none is started."""
    aio = context.client.aio
    asked = Asked(arguments.episodes, arguments.workers, arguments.stochastic, arguments.record)
    envs = list(dict.fromkeys(arguments.env or []))
    seeds = list(dict.fromkeys(arguments.seed or [0]))

    def changed(made: Composed) -> Composed:
        raw = specifications.override(made.raw, arguments.overrides)
        return made._replace(raw=raw, form=remedies.option)

    with leaving(NOTHING):
        made = evaluating.prepare(aio, arguments.what, envs, seeds, asked, arguments.run, changed)
        prepared = loop.run(made)
    with leaving(unknown(prepared[0].name)):
        runs = loop.run(evaluating.begin(aio, prepared))
    for remark in dict.fromkeys(remark for each in prepared for remark in each.advice):
        context.screen.remark(f"faastrain: {remark}")
    return runs


def _tell_begun(runs: Sequence[AsyncRun], as_json: bool, context: Context) -> None:
    if as_json:
        context.screen.json({"run_ids": [run.name for run in runs]})
        return
    for run in runs:
        context.screen.line(run.name)
    context.screen.remark(f"watch it with `faastrain follow {runs[0].name}`")


async def _followed(runs: Sequence[AsyncRun], as_json: bool, context: Context) -> list[RunReport]:
    """Follow all runs to their ends; beside JSON their progress goes to stderr."""
    screen = context.screen
    with ExitStack() as views:
        if as_json or len(runs) > 1:
            write = screen.remark if as_json else screen.line
            shown: list[View] = [PlainView(_of(run.name, write, len(runs))) for run in runs]
        else:
            environment = context.world.environment
            view = progress.shown(runs[0].name, screen.out, screen.line, environment)
            shown = [views.enter_context(view)]
        return await asyncio.gather(
            *[run.follow(view) for run, view in zip(runs, shown, strict=True)]
        )


def _of(run: str, write: Callable[[str], None], count: int) -> Callable[[str], None]:
    """`write`, whose lines name the run if there are several."""
    return write if count == 1 else lambda text: write(f"{run}: {text}")


def _going_on(runs: Sequence[AsyncRun]) -> str:
    first, last = runs[0].name, runs[-1].name
    if first == last:
        return f"{going_on(first)}, and so does this command with `--run {first}`"
    base = first.rpartition("-")[0]
    return f"runs {first} to {last} continue; this command with `--run {base}` watches them again"


def _is_whole(report: RunReport) -> bool:
    """Whether it neither failed nor was stopped before all of its episodes were played."""
    return report.status == "completed" and report.evaluation is not None


def _films(run: AsyncRun, folder: Path) -> list[Path]:
    return files.write_all(folder / run.name, loop.run(run.films()), force=True)


async def _measured(runs: Sequence[AsyncRun]) -> list[Measured]:
    return [await evaluating.measured(run) for run in runs]


def _print(
    found: Sequence[Measured], written: Sequence[Path], as_json: bool, context: Context
) -> None:
    listed, screen = list(rows(found)), context.screen
    if as_json:
        cost = {"gb_seconds": gb_seconds(found), "wall_seconds": wall_seconds(found)}
        screen.json({"evaluations": listed, **cost, "recordings": [str(path) for path in written]})
    elif listed:
        screen.table(HEAD, [_cells(row) for row in listed], NUMBERS, SPARE)
        screen.line(f"cost: {gb_seconds(found):,.2f} GB-seconds")
        screen.line(f"wall clock: {wall_seconds(found):,.1f} s")
        for path in written:
            screen.line(f"recording: {path}")
        for sentence in dict.fromkeys(s for one in found for s in one.report.advice):
            screen.line(sentence)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.environment,
        "all" if row.seed is None else f"{row.seed}",
        f"{row.episodes:,}",
        *(f"{value:.2f}" for value in (row.mean, row.low, row.high, row.min, row.max)),
        f"{row.length_mean:.1f}",
    )
