"""runs, show, events, export: the commands that only read."""

import asyncio
from argparse import Namespace
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args

from faastraingym.cli import run_ids, runs
from faastraingym.cli.commands import dead
from faastraingym.cli.errors import BadInput
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.following import Follower
from faastraingym.cli.screen import Screen
from faastraingym.cli.summary import print_summary
from faastraingym.cli.world import World
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Recorded
from faastraingym.events.views.phrases import event_line, one_line, timestamp
from faastraingym.events.views.report import build, reported_policy
from faastraingym.events.views.run import RunView
from faastraingym.events.views.runs import RunRow, overview
from faastraingym.schemas.report import RunReport, Status

NUMBERS = ("seed", "versions", "steps", "return", "seconds")
HEAD = ("run", "status", "environment", "seed", "started", *NUMBERS[1:], "reason")


def show(arguments: Namespace, world: World) -> ExitCode:
    """Print a run's report as it stands."""

    async def read() -> tuple[RunReport, int]:
        async with world.connect() as stack:
            report = await runs.report(stack, arguments.run, world.now())
            failed = report.status == "failed"
            return report, len(await dead.of(stack, arguments.run)) if failed else 0

    report, given_up = asyncio.run(read())
    if arguments.json:
        world.screen.json(report)
    else:
        print_summary(world.screen, report)
    if given_up:
        world.screen.remark(f"{given_up} dead letters; `faastrain dead list --run {report.run_id}`")
    return ExitCode.DONE


def cells_of(row: RunRow) -> tuple[str, ...]:
    """A run as the cells of a table."""
    return (
        row.run_id,
        row.status,
        row.environment,
        "" if row.seed is None else f"{row.seed}",
        f"{timestamp(row.requested_at)[:19]}Z",
        f"{row.versions}",
        f"{row.env_steps}",
        "" if row.evaluation is None else f"{row.evaluation:.2f}",
        f"{row.wall_seconds:.1f}",
        one_line(row.reason).replace("\t", " "),
    )


def list_runs(arguments: Namespace, world: World) -> ExitCode:
    """Print the runs, the newest first."""

    async def read() -> list[RunRow]:
        async with world.connect() as stack:
            only = [arguments.status] if arguments.status else get_args(Status)
            return await overview(stack.facts, world.now(), only, arguments.limit)

    rows = asyncio.run(read())
    if arguments.json:
        world.screen.json(rows)
    else:
        world.screen.table(HEAD, [cells_of(row) for row in rows], NUMBERS)
    return ExitCode.DONE


def events(arguments: Namespace, world: World) -> ExitCode:
    """Print a run's facts; with `--follow` those to come too, up to its end."""
    return asyncio.run(_events(arguments, world))


async def _events(arguments: Namespace, world: World) -> ExitCode:
    run = run_ids.check(arguments.run)
    async with world.connect() as stack:
        if arguments.follow:
            history = await runs.awaited(stack, run, world.screen.remark)
        else:
            history = await runs.history(stack, run)
        if arguments.follow and not history.newest.over:
            known, view = partial(runs.is_known, stack, run), FactView(world.screen, arguments.json)
            await Follower(run, stack.facts, view, nobody, known, history.segment).to_end()
            return ExitCode.DONE
        for record in await stack.facts.read(*subjects.of_run(run)):
            print_fact(record, arguments.json, world.screen)
    return ExitCode.DONE


class FactView:
    """Prints every fact of a run that is followed."""

    def __init__(self, screen: Screen, as_json: bool) -> None:
        self._screen, self._as_json = screen, as_json

    def show(self, run: RunView, record: Recorded) -> None:
        """Print it."""
        print_fact(record, self._as_json, self._screen)

    def replicas(self, counts: Mapping[str, int] | None) -> None:
        """They are no facts."""

    def notice(self, text: str) -> None:
        """Beside the facts."""
        if text:
            self._screen.remark(text)


async def nobody() -> None:
    """No replicas are asked for."""


def print_fact(record: Recorded, as_json: bool, screen: Screen) -> None:
    """A line for people, or a document in one."""
    if not as_json:
        screen.line(event_line(record))
        return
    import msgspec

    fact = msgspec.to_builtins(record.fact)
    screen.json_line({"sequence": record.sequence, "at": timestamp(record.at), **fact})


def export(arguments: Namespace, world: World) -> ExitCode:
    """Write a run's policy, specification and report into one file."""
    from faastraingym.cli import exporting

    path = exporting.check(arguments.file)
    told = asyncio.run(_export(arguments.run, path, world))
    if arguments.json:
        world.screen.json(told)
    else:
        world.screen.line(f"{path}: version {told['version']} of {told['run_id']}")
    return ExitCode.DONE


async def _export(run: str, path: Path, world: World) -> dict[str, Any]:
    from faastraingym.cli import exporting
    from faastraingym.schemas.payloads import Policy, load

    async with world.connect() as stack:
        history = await runs.history(stack, run)
        policy = reported_policy(history)
        if policy is None:
            raise BadInput(f"run {run} has no policy yet; `faastrain follow {run}`")
        parameters = load(await stack.objects.get(policy.policy), Policy)
        report = build(run, history, await stack.facts.usage(run), world.now())
    exporting.write(path, exporting.dump(exporting.arrays(parameters, report)))
    return {"run_id": run, "file": str(path), "version": policy.version, "key": policy.policy.key}
