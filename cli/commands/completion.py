"""completion: the words that a shell offers when TAB is typed, by shtab from the parser."""

import argparse
from argparse import Namespace
from typing import Any, cast

import shtab

from faastraingym.cli import parser as parsing
from faastraingym.cli.context import Context
from faastraingym.client import examples
from faastraingym.events.triggers.documents import PARSERS


def completion(arguments: Namespace, context: Context) -> None:
    """Print the completion of a shell, as a script in its language."""
    parser = parsing.parser()
    _fill(parser, _by_metavar())
    context.screen.out.write(shtab.complete(parser, arguments.shell))


def _by_metavar() -> dict[str, Any]:
    """What an argument may be, by the name that `--help` gives it."""
    specification, run, experiment = _specification(), _names("runs"), _names("experiments")
    return {
        "SPEC": specification,
        "RUN|SPEC": specification,
        "RUN": run,
        "EXPERIMENT": experiment,
        "RUN|EXPERIMENT": _names("runs", "experiments"),
        "FUNCTION|RUN": run,
        "POLICY|RUN": run,
        "RUN|MODEL": run,
        "FILE": shtab.FILE,
        "PATH|WHEEL": shtab.FILE,
        "DIR": shtab.DIRECTORY,
    }


def _fill(parser: argparse.ArgumentParser, known: dict[str, Any]) -> None:
    for action in parser._actions:  # argparse has no other way to them
        if isinstance(action, argparse._SubParsersAction):
            for sub in dict.fromkeys(action.choices.values()):
                _fill(sub, known)
        elif isinstance(action.metavar, str) and action.metavar in known:
            cast(Any, action).complete = known[action.metavar]  # shtab's attribute


def _names(*lists: str) -> dict[str, Any]:
    """Names of the stack that runs here, which these commands list.

    They are listed when they are asked for, where zsh's of shtab are when a shell starts.
    """
    listed = "; ".join(f"faastrain {each} 2>/dev/null | tail -n +2 | cut -f1" for each in lists)
    made: Any = shtab.cmd(listed)
    name = "_".join(("_faastrain", *lists))
    zsh = f'{name}() {{ compadd "$@" -- $({listed}) }}'
    return {**made, "zsh": name, "preamble": {**made["preamble"], "zsh": zsh}}


def _specification() -> dict[str, Any]:
    """A file, or an environment; of the registered ones those that have an example."""
    files: Any = shtab.glob(*(f"*{suffix}" for suffix in PARSERS))
    words = " ".join(sorted(examples.by_environment()))
    bash, fish = files["preamble"]["bash"], files["preamble"]["fish"]
    function = (
        "_faastrain_specification_file() {\n"
        f'  {files["bash"]} "$1"\n'
        f'  compgen -W "{words}" -- "$1"\n'
        "}\n"
    )
    return {
        "bash": "_faastrain_specification_file",
        "zsh": f"{{{files['zsh']}; compadd -- {words}}}",
        "fish": f"({files['fish'].strip('()')}; string split ' ' '{words}')",
        "preamble": {"bash": f"{bash}\n{function}", "fish": fish},
    }
