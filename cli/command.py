"""What a command is: its arguments, its words, and the function that does it."""

from typing import Any, NamedTuple


class Argument(NamedTuple):
    """What argparse's add_argument takes."""

    flags: tuple[str, ...]
    options: dict[str, Any]


class Command(NamedTuple):
    """One command; `handler` is `module:function`, imported when it runs."""

    name: str
    handler: str
    summary: str
    example: str  # what follows `faastrain`
    arguments: tuple[Argument, ...] = ()
    one_of: tuple[Argument, ...] = ()  # exactly one of them is given
    epilog: str = ""  # below its options


class Group(NamedTuple):
    """Commands under one name."""

    name: str
    summary: str
    commands: tuple[Command, ...]

    @property
    def example(self) -> str:
        """Of its first command."""
        return self.commands[0].example


def argument(*flags: str, **options: Any) -> Argument:
    """One argument of a command."""
    return Argument(flags, options)
