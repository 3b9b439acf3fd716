"""One whole `faastrain train`: the wall clock of its process, and its report."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import stacks

REACHED, MISSED = 0, 1  # exit codes


def train(home: Path, specification: Path, seed: int) -> tuple[float, dict[str, Any]]:
    """Train a specification with the stack of a home, which is started if it must be.

    Raises:
        RuntimeError: it did not reach the target.
    """
    return _train(home, specification, seed, {REACHED})


def try_to_train(home: Path, specification: Path, seed: int) -> tuple[float, dict[str, Any]]:
    """As `train`, whether or not the target is reached within the budget.

    Raises:
        RuntimeError: it failed.
    """
    return _train(home, specification, seed, {REACHED, MISSED})


def _train(
    home: Path, specification: Path, seed: int, allowed: set[int]
) -> tuple[float, dict[str, Any]]:
    command = [sys.executable, "-m", "faastraingym.cli.main", "train", str(specification), "--json"]
    begun = time.perf_counter()
    process = subprocess.run(
        [*command, "--set", f"seed={seed}"],
        cwd=stacks.CHECKOUT,
        env={**os.environ, "FAASTRAIN_HOME": str(home)},
        capture_output=True,
    )
    seconds = time.perf_counter() - begun
    if process.returncode not in allowed:
        said = process.stderr.decode()
        raise RuntimeError(f"faastrain train {specification}, seed {seed}: {said}")
    return seconds, msgspec.json.decode(process.stdout)
