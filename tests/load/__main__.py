"""`python -m tests.load [NAME ...]`: load on a real stack, one table, one JSON file.

Ends with 1 when anything was lost, said twice, given up, unfair, or kept in memory.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine, report
from benchmarks.options import chooser
from tests.load.scenarios import SCENARIOS, missed, play, running
from tests.load.sizes import FULL, SHORT

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


def main(argv: Sequence[str] | None = None) -> int:
    """Play the scenarios that are named, or all."""
    arguments = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack is stopped
    described = machine.describe()
    rows, took = [], {}
    with tempfile.TemporaryDirectory(prefix="ftg-load-") as home, running(Path(home)) as stack:
        for name in arguments.names or SCENARIOS:
            began = time.perf_counter()
            rows += asyncio.run(play(name, stack, SHORT if arguments.short else FULL))
            took[name] = time.perf_counter() - began
            print(f"{name}: {took[name]:.0f} s", file=sys.stderr, flush=True)
    file = arguments.json or RESULTS / time.strftime("load-%Y%m%d-%H%M%S.json")
    report.save(rows, described, took, file)
    report.show(rows, described)
    print(file)
    return 1 if missed(rows) else 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    known = {name: module.__doc__ or "" for name, module in SCENARIOS.items()}
    made = chooser(
        "python -m tests.load",
        "Load a stack of real servers, and count what is lost.",
        "scenario",
        known,
    )
    made.add_argument("--short", action="store_true", help="as little as in the test suite")
    made.add_argument("--json", type=Path, metavar="FILE", help="default: benchmarks/results/")
    return made


if __name__ == "__main__":
    os.environ["NPROC"] = "1"  # XLA's threads, as in stack.yml; before JAX starts
    sys.exit(main())
