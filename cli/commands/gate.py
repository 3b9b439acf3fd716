"""gate: train, or wait for a run, and tell a pipeline whether it may go on."""

from argparse import Namespace
from pathlib import Path

from faastraingym.cli import gating
from faastraingym.cli.commands import training
from faastraingym.cli.context import Context
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.interrupts import NOTHING, leaving
from faastraingym.client import examples
from faastraingym.client.errors import BadInput
from faastraingym.client.run_ids import is_one
from faastraingym.schemas.report import RunReport

SUMMARY = "GITHUB_STEP_SUMMARY"  # where GitHub's runner shows Markdown


def gate(arguments: Namespace, context: Context) -> ExitCode:
    """Hold a run's report to the bounds; its progress goes to stderr."""
    context.screen.outlast_readers()
    files = [path for path in (arguments.junit, arguments.markdown) if path]
    for path in files:
        if not path.parent.is_dir() or path.is_dir():  # told before hours of training
            raise BadInput(
                f"{path}: no file can be written there; name one in a folder that exists"
            )
    report = _report(arguments, context)
    held = gating.checks(report, arguments.min_return, arguments.max_cost)
    summary = gating.markdown(report, held)
    if arguments.json:
        context.screen.json(gating.document(report, held))
    else:
        context.screen.line(summary)
    if arguments.junit:
        _write(arguments.junit, gating.junit(report, held), "w")
    if arguments.markdown:
        _write(arguments.markdown, summary + "\n", "w")
    if context.world.environment.get(SUMMARY):
        _write(Path(context.world.environment[SUMMARY]), summary + "\n", "a")
    return gating.code(report, held)


def _report(arguments: Namespace, context: Context) -> RunReport:
    """Of a new run, if a specification is named, else of the run with that name, at its end."""
    named = arguments.what
    if is_one(named) and named not in examples.by_environment():
        if arguments.run or arguments.overrides or arguments.budget is not None:
            raise BadInput(
                f"--run, --budget and --set are for a specification; {named} is a run's name"
            )
        return training.followed(context.client.run(named), True, context)
    arguments.spec = named
    prepared = training.prepare(arguments, context, up=True)
    with leaving(NOTHING):
        context.client.up()
    return training.followed(training.begin(prepared, context), True, context)


def _write(path: Path, text: str, mode: str) -> None:
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}; choose another") from error
