"""export-metrics: what loggers lack of a run's numbers."""

from argparse import Namespace

from faastraingym.cli import loggers
from faastraingym.cli.context import Context
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.client import loop
from faastraingym.client.errors import BadInput
from faastraingym.loggers.kinds import KINDS


def export_metrics(arguments: Namespace, context: Context) -> ExitCode:
    """Write the rows of a run to each logger that has not got them."""
    wanted, run = loggers.targets(arguments), context.client.run(arguments.run)
    if not wanted:
        options = ", ".join(f"--{kind.name} {kind.takes}" for kind in KINDS)
        raise BadInput(f"name where the numbers go: one or more of {options}")
    context.screen.outlast_readers()
    with loggers.of_run(arguments, run, context.screen.remark) as made:
        for record in loop.iterate(run.aio.events()):
            made.add(record)
    written = made.numbers
    if arguments.json:
        context.screen.json({"run_id": run.name, "written": written})
    else:
        for kind, target in wanted.items():
            count = written[kind.name]
            context.screen.line(f"{kind.name}: {count:,} numbers written to {target}")
    return ExitCode.STACK_TROUBLE if made.troubles else ExitCode.DONE
