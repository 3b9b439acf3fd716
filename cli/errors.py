"""What ends a command early; each text is one line: what, where, what to do.

CommandError
├── BadInput        the user's mistake
└── StackTrouble    the stack is away or cannot do it
    └── BeingRestored   the broker lost the run, which the store has still
"""

from typing import ClassVar

from faastraingym.cli.exit_codes import ExitCode


class CommandError(Exception):
    """Ends the command with `code`."""

    code: ClassVar[ExitCode]


class BadInput(CommandError):  # noqa: N818  the condition's own name
    """A specification, a run or an argument that cannot be used."""

    code = ExitCode.BAD_INPUT


class StackTrouble(CommandError):  # noqa: N818
    """The stack does not run, does not answer, or refuses."""

    code = ExitCode.STACK_TROUBLE


class BeingRestored(StackTrouble):
    """What the broker lost of a run is being restored from the copies in the store."""
