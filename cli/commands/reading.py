"""runs, show, events: the commands that only read."""

from argparse import Namespace

import msgspec

from faastraingym.cli.commands import dead
from faastraingym.cli.context import Context
from faastraingym.cli.summary import print_summary
from faastraingym.client import loop, run_packages
from faastraingym.events.views.phrases import event_line, one_line, short_event_line, timestamp
from faastraingym.events.views.runs import RunRow

NUMBERS = ("seed", "versions", "steps", "return", "seconds")
SPARE = ("seconds", "seed", "started", "versions", "steps", "return")
HEAD = ("run", "status", "environment", "seed", "started", *NUMBERS[1:], "reason")


def show(arguments: Namespace, context: Context) -> None:
    """Print a run's report as it stands, or an experiment's."""
    from faastraingym.cli.commands import experiments

    if experiments.is_one(arguments.run, context):
        experiments.show(arguments.run, arguments.json, context)
        return
    report = context.client.run(arguments.run).report()
    packages = loop.run(run_packages.of_run(context.client.aio, report.spec))
    if arguments.json:
        told = [package._asdict() for package in packages]
        context.screen.json({**msgspec.to_builtins(report), "packages": told})
    else:
        print_summary(context.screen, report, packages)
    if report.status == "failed":
        given_up = len(loop.run(dead.of_run(context.client.aio, report.run_id)))
        if given_up:
            more = f"`faastrain dead list --run {report.run_id}`"
            context.screen.remark(f"{given_up} dead letters; {more}")


def list_runs(arguments: Namespace, context: Context) -> None:
    """Print the runs, the newest first."""
    rows = context.client.runs(arguments.status, arguments.limit)
    if arguments.json:
        context.screen.json(rows)
    else:
        context.screen.table(HEAD, [cells_of(row) for row in rows], NUMBERS, SPARE)


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


def events(arguments: Namespace, context: Context) -> None:
    """Print a run's facts; with `--follow` those to come too, up to its end."""
    run, day = context.client.run(arguments.run), ""
    for record in loop.iterate(run.aio.events(arguments.follow, context.screen.remark)):
        if arguments.json:
            fact = msgspec.to_builtins(record.fact)
            document = {"sequence": record.sequence, "at": timestamp(record.at), **fact}
            context.screen.json_line(document)
        elif not context.screen.is_terminal:
            context.screen.line(event_line(record))
        else:
            at = timestamp(record.at)
            if at[:10] != day:
                day = at[:10]
                context.screen.line(day)
            context.screen.line(short_event_line(record))
