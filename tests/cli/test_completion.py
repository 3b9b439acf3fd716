"""What a shell offers at TAB, by the shells themselves where they are installed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from faastraingym.cli.command_table import COMMANDS
from faastraingym.cli.exit_codes import ExitCode
from tests.cli.conftest import Desk

ENVIRONMENTS = {
    "Acrobot-v1",
    "CartPole-v1",
    "LunarLander-v3",
    "MountainCarContinuous-v0",
    "Pendulum-v1",
    "gymnax:CartPole-v1",
}
TYPED = {
    "faastrain ": {command.name for command in COMMANDS},
    "faastrain sta": {"start", "status"},
    "faastrain dead re": {"replay"},
    "faastrain completion ": {"bash", "fish", "zsh"},
    "faastrain train Cart": {"CartPole-v1"},
    "faastrain train ": {*ENVIRONMENTS, "bin", "mine.toml"},
    "faastrain train CartPole-v1 --js": {"--json", "--jsonl"},
    "faastrain fetch ": {"one", "two"},
    "faastrain show ": {"one", "two", "sweep"},
    "faastrain evaluate ": {"one", "two"},
    "faastrain rm ": {"one", "two", "sweep"},
    "faastrain compare one s": {"sweep"},
    "faastrain best ": {"sweep"},
    "faastrain dead list --run t": {"two"},
    "faastrain gate one --junit no": {"notes.txt"},
}
# Stands for the program: two runs and an experiment, as they are printed to a pipe.
PROGRAM = """#!/bin/sh
touch asked
[ "$1" = runs ] && printf 'RUN\\tSTATUS\\none\\tcompleted\\ntwo\\tfailed\\n'
[ "$1" = experiments ] && printf 'EXPERIMENT\\tSTATUS\\nsweep\\tcompleted\\n'
"""
BASH = """
source ./completion
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_shtab_faastrain
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = """
source ./completion
complete --do-complete "$argv" | cut -f1
"""
ZSH = 'autoload -U compinit; compinit -D; eval "$(<completion)"; echo $_comps[faastrain]'


@pytest.fixture
def folder(desk: Desk) -> Path:
    """With a specification, another file, and the program in a folder."""
    for name in ("mine.toml", "notes.txt"):
        desk.write(name, "")
    (desk.folder / "bin").mkdir()
    (desk.folder / "bin" / "faastrain").write_text(PROGRAM)
    (desk.folder / "bin" / "faastrain").chmod(0o755)
    return desk.folder


def printed(desk: Desk, name: str, *arguments: str) -> set[str]:
    """The lines of a shell that has our script in the file `completion`."""
    shell = shutil.which(name)
    if shell is None:
        pytest.skip(f"{name} is not installed")
    assert desk("completion", name) == ExitCode.DONE
    desk.write("completion", desk.out)
    path = f"{desk.folder}/bin:/usr/bin:/bin"
    done = subprocess.run(
        [shell, *arguments],
        cwd=desk.folder,
        env={"PATH": path, "HOME": str(desk.folder), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {line.rstrip("/") for line in done.stdout.splitlines()}


@pytest.mark.parametrize("typed", TYPED)
def test_bash_offers(desk: Desk, folder: Path, typed: str) -> None:
    """Commands, options, choices, files, environments, runs."""
    assert printed(desk, "bash", "-c", BASH, "bash", *typed.split(" ")) == TYPED[typed]


@pytest.mark.parametrize("typed", TYPED)
def test_fish_offers(desk: Desk, folder: Path, typed: str) -> None:
    """The same."""
    assert printed(desk, "fish", "--no-config", "-c", FISH, typed) == TYPED[typed]


def test_zsh_takes_the_script_and_lists_no_run_when_it_starts(desk: Desk, folder: Path) -> None:
    """Its start would wait for the program otherwise."""
    assert printed(desk, "zsh", "-f", "-c", ZSH) == {"_shtab_faastrain"}
    assert not (folder / "asked").exists()


def test_other_commands_do_not_import_the_library() -> None:
    """Their start costs what it did."""
    code = "import sys; from faastraingym.cli import main; main.parser()"
    code += "; print('shtab' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
