"""RLIMIT_NOFILE: refused where a stack cannot work, told where it bounds, used where it can be."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from faastraingym.embedded import open_files
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.stack import down, status
from tests.checkout import CHECKOUT
from tests.embedded.support import FUNCTIONS


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose stack is down afterwards."""
    yield tmp_path
    down(tmp_path)


def faastrain(home: Path, command: str, soft: int, hard: int) -> "subprocess.CompletedProcess[str]":
    """A command that may open so many files."""
    told = {"FAASTRAIN_HOME": str(home), "FAASTRAIN_STACK": str(FUNCTIONS / "stack.yml")}
    return subprocess.run(
        [sys.executable, "-m", "faastraingym.cli.main", command],
        env={**os.environ, **told, "PYTHONPATH": str(CHECKOUT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
        capture_output=True,
        text=True,
        timeout=90.0,
        check=False,
    )


@pytest.mark.parametrize(("files", "bounded"), [(256, True), (4095, True), (4096, False)])
def test_what_bounds_is_told_with_the_number_that_does_not(files: int, bounded: bool) -> None:
    open_files.check(files)
    told = open_files.warning(files)
    assert bool(told) == bounded
    if bounded:
        assert f"RLIMIT_NOFILE is {files}" in told
        assert "allow 4096" in told


def test_with_what_no_stack_works_none_is_started(home: Path) -> None:
    """One sentence, with the number that is needed and how to have it."""
    with pytest.raises(StackError, match="needs 256 at least; allow 4096"):
        open_files.check(255)
    refused = faastrain(home, "up", 100, 128)
    assert refused.returncode == 4
    assert "RLIMIT_NOFILE is 128: each process may open 128 files" in refused.stderr
    assert "`ulimit -Hn 4096` as root" in refused.stderr
    assert status(home).state is None


def test_a_stack_takes_what_the_hard_limit_allows_and_says_that_it_bounds(home: Path) -> None:
    """Every process of it, whatever the shell's soft limit is."""
    up = faastrain(home, "up", 200, 512)
    assert up.returncode == 0, up.stderr
    assert up.stderr.startswith("faastrain: RLIMIT_NOFILE is 512, which bounds how many")
    state = status(home).state
    assert state is not None
    pids = [state.pid, *(child.pid for child in state.children.values())]
    assert {psutil.Process(pid).rlimit(psutil.RLIMIT_NOFILE) for pid in pids} == {(512, 512)}
    doctor = faastrain(home, "doctor", 200, 512)
    assert "problem  open files: RLIMIT_NOFILE lets each process open 512; allow" in doctor.stdout
