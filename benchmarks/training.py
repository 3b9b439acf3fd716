"""One whole `faastrain train`: the wall clock of its process, and its report."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import stacks


def train(home: Path, specification: str, seed: int) -> tuple[float, dict[str, Any]]:
    """Train examples/<specification> with the stack of a home, which is started if it must be.

    Raises:
        RuntimeError: it did not reach the target.
    """
    command = [
        sys.executable,
        "-m",
        "faastraingym.cli.main",
        "train",
        f"examples/{specification}",
        "--json",
    ]
    begun = time.perf_counter()
    process = subprocess.run(
        [*command, "--set", f"seed={seed}"],
        cwd=stacks.CHECKOUT,
        env={**os.environ, "FAASTRAIN_HOME": str(home)},
        capture_output=True,
    )
    seconds = time.perf_counter() - begun
    if process.returncode:
        said = process.stderr.decode()
        raise RuntimeError(f"faastrain train {specification}, seed {seed}: {said}")
    return seconds, msgspec.json.decode(process.stdout)
