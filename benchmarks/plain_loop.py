"""The same functions in a plain loop: no broker, no store, no HTTP, one process.

`python -m benchmarks.plain_loop < SPECIFICATION` (JSON) prints as JSON when each version was there
and the environment steps that it learnt from. NPROC and OPENBLAS_NUM_THREADS as in stack.yml.
"""

import os
import subprocess
import sys
import time

import msgspec

from faastraingym.algorithms import registry
from faastraingym.schemas.specification import RunSpec, to_dict

THREADS = {"NPROC": "1", "OPENBLAS_NUM_THREADS": "1"}


def run(spec: RunSpec) -> list[tuple[float, int]]:
    """`loop` in a process of its own, with the threads that functions get."""
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.plain_loop"],
        input=msgspec.json.encode(to_dict(spec)),
        env={**os.environ, **THREADS},
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(process.stdout, type=list[tuple[float, int]])


def loop(spec: RunSpec) -> list[tuple[float, int]]:
    """Collect, plan, update, until the budget is spent; (s, steps) of every version."""
    from benchmarks.loop import versions

    marks = [(time.perf_counter(), 0)]
    marks += [(time.perf_counter(), version.env_steps) for version in versions(spec)]
    return marks


if __name__ == "__main__":
    specification = registry.parse(msgspec.json.decode(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(msgspec.json.encode(loop(specification)))
