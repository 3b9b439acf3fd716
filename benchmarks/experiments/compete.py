"""`python -m benchmarks.experiments.compete FILE ARM SEED` runs one experiment of a row.

It prints an Outcome as JSON.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import loop, machine
from benchmarks.experiments import rows
from benchmarks.experiments.competing import NAME, compete
from benchmarks.experiments.results import Outcome
from faastraingym import __version__
from faastraingym.algorithms import registry
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.experiments import space
from faastraingym.events.experiments.history import fold
from faastraingym.events.views import experiments as views
from faastraingym.schemas.experiment import ExperimentSpec


def outcome(spec: ExperimentSpec, arm: str, seed: int, again: Sequence[int] = ()) -> Outcome:
    """What an experiment came to.

    Args:
        again: seeds with which its best configuration is trained once more, to the whole budget.

    Raises:
        RuntimeError: it failed.
    """
    begun = time.perf_counter()
    records = compete(spec)
    report = views.report(NAME, fold(records), records[-1].at)
    if report.best is None:
        raise RuntimeError(f"{arm}, seed {seed}: {report.reason}")
    return Outcome(
        arm=arm,
        seed=seed,
        trials=report.trials,
        env_steps=report.env_steps,
        best=report.best.trial,
        settings=report.best.settings,
        score=report.best.score,
        again=[trained_again(spec.run, report.best.settings, one) for one in again],
        seconds=round(time.perf_counter() - begun, 1),
        version=__version__,
        machine=machine.basics(),
    )


def trained_again(base: dict[str, Any], settings: Mapping[str, Any], seed: int) -> float:
    """The mean return of a configuration's last version with another seed."""
    spec = registry.parse(space.overridden(base, settings) | {"seed": seed})
    *_, last = loop.versions(spec)
    return float(evaluate(spec, last.policy).returns.mean())


if __name__ == "__main__":
    file, arm, seed = sys.argv[1:]
    row = rows.read(Path(file))
    made = outcome(row.spec(arm, int(seed)), arm, int(seed), row.question.again)
    print(msgspec.json.encode(made).decode())
