"""A server of a peer, as a process of its own that prints its port once it serves."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.checkout import CHECKOUT
from benchmarks.peers import interpreter

GRACE = 20.0  # seconds, for one that has workers to end


class Contestant(NamedTuple):
    """A module of benchmarks.peers that serves."""

    name: str
    module: str
    python: Path
    package: str  # without which the interpreter cannot

    @property
    def installed(self) -> bool:
        """Whether it can be measured here."""
        return self.package in interpreter.versions(self.python)


OURS = Path(sys.executable)
AIOHTTP = Contestant("aiohttp, environments in memory", "aiohttp_process", OURS, "aiohttp")
RAY_SERVE = Contestant("Ray Serve", "serve_process", interpreter.PYTHON, "starlette")


@contextmanager
def running(contestant: Contestant, *arguments: str) -> Iterator[tuple[int, psutil.Process]]:
    """The port, and the process, of a server that runs meanwhile.

    Raises:
        RuntimeError: it ended before it served; its errors are on stderr.
    """
    process = psutil.Popen(
        [contestant.python, "-m", f"benchmarks.peers.{contestant.module}", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
    )
    try:
        told = process.stdout.readline()
        if not told.strip().isdigit():
            raise RuntimeError(f"{contestant.name} did not serve")
        yield int(told), process
    finally:
        family = [process, *process.children(recursive=True)]
        process.terminate()
        for left in psutil.wait_procs(family, GRACE)[1]:
            left.kill()
        psutil.wait_procs(family)
        process.stdout.close()
