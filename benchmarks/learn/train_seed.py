"""`python -m benchmarks.learn.train_seed FILE SEED` trains a row's seed and prints a Seed as JSON.

In this one process, which is cheaper than a stack; `faastrain train FILE --set seed=SEED` gives a
policy of the same SHA-256, on a machine of the same kind.
"""

import hashlib
import sys
import time
from pathlib import Path

import msgspec

from benchmarks import loop, machine
from benchmarks.learn import rows
from benchmarks.learn.results import Point, Seed
from faastraingym import __version__
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.schemas.payloads import dump
from faastraingym.schemas.specification import RunSpec


def trained(spec: RunSpec) -> Seed:
    """A training to the end of its budget, even where the target is reached before."""
    begun = time.perf_counter()
    curve: list[Point] = []
    behind: list[int] = []
    for version in loop.versions(spec):
        behind.append(version.staleness)
        if version.plan.evaluate:  # the last version always is
            returns = evaluate(spec, version.policy).returns.tolist()
            curve.append(Point(version.env_steps, sum(returns) / len(returns)))
    return Seed(
        seed=spec.seed,
        returns=returns,
        env_steps=version.env_steps,
        versions=version.policy.version,
        staleness=sum(behind) / len(behind),
        seconds=round(time.perf_counter() - begun, 1),
        sha256=hashlib.sha256(dump(version.policy)).hexdigest(),
        curve=curve,
        version=__version__,
        machine=machine.basics(),
    )


if __name__ == "__main__":
    file, seed = sys.argv[1:]
    row = rows.read(Path(file))
    row.admit()
    print(msgspec.json.encode(trained(row.spec(int(seed)))).decode())
