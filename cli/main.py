"""The `faastrain` command: parse, run one command, print errors in one line."""

import importlib
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from faastraingym.cli import exit_codes, interrupts, utf8
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.parser import parser
from faastraingym.cli.screen import Screen, silence
from faastraingym.client.errors import Error, as_ours

if TYPE_CHECKING:
    from faastraingym.cli.context import Context
    from faastraingym.client.client import Client

Handler = Callable[[Namespace, "Context"], ExitCode | None]


def main(
    argv: Sequence[str] | None = None,
    client: "Client | None" = None,
    screen: Screen | None = None,
) -> int:
    """Run one command; returns its exit code."""
    if argv is None:
        utf8.insist()
    screen = screen or Screen()
    try:
        return _run(parser().parse_args(argv), client, screen)
    except KeyboardInterrupt as interrupt:
        for note in interrupts.told(interrupt):
            screen.remark(f"faastrain: {note}")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        silence(sys.stdout)
        return ExitCode.BROKEN_PIPE
    except Error as error:
        for line in str(error).splitlines():
            screen.remark(f"faastrain: {line}")
        return exit_codes.of_error(error)


def _run(arguments: Namespace, client: "Client | None", screen: Screen) -> ExitCode:
    """Only now is imported what takes time, so that `--help` does not."""
    with interrupts.leaving(interrupts.NOTHING):
        from faastraingym.cli.context import Context
        from faastraingym.client.client import Client

        module, _, function = arguments.handler.partition(":")
        commands = importlib.import_module(f"faastraingym.cli.commands.{module}")
        handler: Handler = getattr(commands, function)
        context = Context(client or Client(), screen)
    with as_ours(context.world.environment):
        return handler(arguments, context) or ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
