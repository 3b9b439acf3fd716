"""The parser that is made of the table of commands."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from faastraingym import __version__
from faastraingym.cli import exit_codes
from faastraingym.cli.command import Command, Group
from faastraingym.cli.command_table import COMMANDS, SECTIONS
from faastraingym.client.errors import BadInput
from faastraingym.client.target import VARIABLES


class Parser(argparse.ArgumentParser):
    """Reports mistakes in one line, as all other errors."""

    def error(self, message: str) -> NoReturn:
        """Raise BadInput."""
        raise BadInput(f"{message}; see `{self.prog} --help`")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Of choices the one that is meant, where argparse lists all; it has no other way in."""
        known = [str(choice) for choice in action.choices or ()]
        if str(value) not in known:
            from faastraingym.schemas.validation import near  # what is right needs no msgspec

            if meant := near(str(value), known):
                raise argparse.ArgumentError(action, f"invalid choice: {value!r}{meant}")
        super()._check_value(action, value)


class Root(Parser):
    """The parser of all commands, whose help has them in sections."""

    def format_help(self) -> str:
        """Usage, the commands by section with an example each, options, variables, exit codes."""
        made = self._get_formatter()
        made.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        made.add_text(self.description)
        listed = {}
        for action in self._actions:  # argparse has no other way to them
            if isinstance(action, argparse._SubParsersAction):
                listed = {choice.dest: choice for choice in action._choices_actions}
        for title, commands in SECTIONS.items():
            made.start_section(f"{title}, as `faastrain {commands[0].example}`")
            made.add_arguments([listed[command.name] for command in commands])
            made.end_section()
        made.start_section("options")
        made.add_arguments(self._optionals._group_actions)
        made.end_section()
        made.add_text(self.epilog)
        return made.format_help()


def parser() -> Parser:
    """The parser of all commands."""
    made = Root(
        prog="faastrain",
        description="Train reinforcement-learning policies as a pipeline of functions and events.",
        epilog=f"{VARIABLES}\n{exit_codes.epilog()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--version",
        action="version",
        version=f"faastrain {__version__}",
        help="print the version",
    )
    _add(made, COMMANDS)
    return made


def _add(parent: argparse.ArgumentParser, commands: Sequence[Command | Group]) -> None:
    names = parent.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in commands:
        more = "" if isinstance(command, Group) else command.epilog
        sub = names.add_parser(
            command.name,
            help=command.summary,
            description=command.summary[0].upper() + command.summary[1:] + ".",
            epilog=f"example:\n  faastrain {command.example}\n\n{more}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if isinstance(command, Group):
            _add(sub, command.commands)
        else:
            _fill(sub, command)


def _fill(parser: argparse.ArgumentParser, command: Command) -> None:
    for flags, options in command.arguments:
        parser.add_argument(*flags, **options)
    if command.one_of:
        alternatives = parser.add_mutually_exclusive_group(required=True)
        for flags, options in command.one_of:
            alternatives.add_argument(*flags, **options)
    parser.set_defaults(handler=command.handler)
