"""Usage, help and exit codes of all commands."""

import re
import shlex
import subprocess
import sys
from importlib.metadata import version

import pytest

from faastraingym.cli.command import Group
from faastraingym.cli.command_table import COMMANDS
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.main import main
from faastraingym.cli.parser import parser
from tests.cli.conftest import Desk


def test_usage_mistakes_are_bad_input(desk: Desk) -> None:
    """One line and code 3, not argparse's own 2."""
    for argv in ([], ["trian"], ["show"], ["train", "none.toml"]):
        assert desk(*argv) == ExitCode.BAD_INPUT
        assert desk.err.startswith("faastrain: ")
        assert len(desk.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["trian"], "invalid choice: 'trian'; did you mean 'train'?; see `faastrain --help`"),
        (["dead", "lst"], "invalid choice: 'lst'; did you mean 'list'?"),
        (["completion", "bsh"], "invalid choice: 'bsh'; did you mean 'bash'?"),
        (["xyzzy"], "choose from "),
    ],
)
def test_a_word_that_is_nearly_a_choice_is_told(desk: Desk, argv: list[str], said: str) -> None:
    assert desk(*argv) == ExitCode.BAD_INPUT
    assert said in desk.err


def test_exit_codes_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """By the command's own help, not below each of its pages."""
    for argv, told in ((["--help"], 1), (["train", "--help"], 0), (["dead", "--help"], 0)):
        with pytest.raises(SystemExit):
            main(argv)
        assert capsys.readouterr().out.count("exit codes:") == told


def test_the_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"faastrain {version('faastraingym')}\n"


def test_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Also how to read an export."""
    for argv, said in (
        (["--help"], "trouble with the stack"),
        (["export", "--help"], "numpy.load"),
    ):
        with pytest.raises(SystemExit) as end:
            main(argv)
        assert end.value.code == 0
        assert said in capsys.readouterr().out


def test_help_fits_a_terminal_of_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command is in a section, and its own page begins and ends so that it can be typed."""
    monkeypatch.setenv("COLUMNS", "80")
    pages = [[], *([name.name] for name in COMMANDS)]
    for argv in pages:
        with pytest.raises(SystemExit):
            main([*argv, "--help"])
        lines = capsys.readouterr().out.splitlines()
        assert [line for line in lines if len(line) > 80 and "> ~/" not in line] == []
        if not argv:
            listed = [line.split()[0] for line in lines if re.match(r"  [a-z]", line)]
            assert listed[: len(COMMANDS)] == [command.name for command in COMMANDS]


def test_every_example_is_a_command() -> None:
    for command in COMMANDS:
        for each in command.commands if isinstance(command, Group) else [command]:
            words = shlex.split(each.example)
            assert parser().parse_args(words).handler == each.handler
            with pytest.raises(SystemExit):
                parser().parse_args([*words[:1], "--help"])


def test_help_imports_nothing_heavy() -> None:
    """So that a person need not wait for it: only the standard library and our own tables."""
    code = (
        "import sys, faastraingym.cli.main; from faastraingym.cli import parser;"
        "parser.parser().format_help();"
        "print(sorted({m.split('.')[0] for m in sys.modules}"
        " & {'msgspec', 'numpy', 'rich', 'nats', 'urllib3', 'aiohttp', 'gymnasium', 'jax'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
