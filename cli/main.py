"""The `faastrain` command: parse, run one command, print errors in one line."""

import importlib
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from faastraingym.cli import utf8, world
from faastraingym.cli.command_table import parser
from faastraingym.cli.errors import CommandError
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.world import World

Handler = Callable[[Namespace, World], ExitCode]


def main(argv: Sequence[str] | None = None, outside: World | None = None) -> int:
    """Run one command; returns its exit code."""
    if argv is None:
        utf8.insist()
    outside = outside or world.real(os.environ)
    try:
        arguments = parser().parse_args(argv)
        return _handler(arguments.handler)(arguments, outside)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # what is still buffered would be refused again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BROKEN_PIPE
    except CommandError as error:
        return _say(outside, str(error), error.code)
    except _foreign() as error:
        why = "\n".join(filter(None, (str(error), _disk_trouble(outside))))
        return _say(outside, why, ExitCode.STACK_TROUBLE)


def _foreign() -> tuple[type[Exception], ...]:
    """What the floors below raise for the stack's troubles; evaluated only after an exception."""
    from faastraingym.adapters.errors import AdapterError
    from faastraingym.embedded.errors import EmbeddedError
    from faastraingym.events.ports import Unavailable
    from faastraingym.events.topology.stack_file import StackError
    from faastraingym.schemas.errors import MessageError

    return AdapterError, EmbeddedError, Unavailable, StackError, MessageError


def _disk_trouble(outside: World) -> str:
    from faastraingym.cli.servers import disk_trouble
    from faastraingym.embedded.errors import StackError

    try:
        return disk_trouble(outside.environment)
    except StackError:  # there is no home to have a disk
        return ""


def _say(outside: World, text: str, code: ExitCode) -> ExitCode:
    for line in text.splitlines():
        outside.screen.remark(f"faastrain: {line}")
    return code


def _handler(name: str) -> Handler:
    module, _, function = name.partition(":")
    found: Handler = getattr(
        importlib.import_module(f"faastraingym.cli.commands.{module}"), function
    )
    return found


if __name__ == "__main__":
    sys.exit(main())
