"""Pipeline efficiency: the steps/s of the pipeline against the same functions in a plain loop.

Both collect with 2 rollouts a version and learn with one thread. Counted from version 8 on, when
everything is warm. The pipeline runs the two rollouts side by side, the loop one after the other.
Runs alternate: pipeline, loop, pipeline, loop; each pair gives one ratio.
"""

from typing import Any

import uvloop

from benchmarks import plain_loop, runs, stacks
from benchmarks.report import Floor, Row
from benchmarks.samples import ratios
from faastraingym.embedded.state import StackState
from faastraingym.schemas.specification import RunSpec

CASES = {
    "256-step updates": (runs.small(updates=60), 0.5),
    "8,192-step updates": (runs.large(updates=32), 0.8),
    "65,536-step updates": (runs.huge(updates=16), None),
}

FLOOR = Floor(1.0, "the loop; more only where rollouts run side by side")


def measure(repeat: int) -> list[Row]:
    """Speeds and their ratios, for small, large and huge updates."""
    rows: list[Row] = []
    with stacks.running() as state:
        for number, (what, (spec, goal)) in enumerate(CASES.items()):
            pairs = [_pair(state, spec, f"case-{number}-{again}") for again in range(repeat)]
            rows += of_pairs(what, pairs, goal)
    return rows


def of_pairs(what: str, pairs: list[tuple[float, float]], goal: float | None) -> list[Row]:
    """Rows of (pipeline's, loop's) steps/s."""
    ours, theirs = map(list, zip(*pairs, strict=True))

    def row(name: str, unit: str, samples: list[float], **more: Any) -> Row:
        name = f"{what}: {name}"
        return Row(benchmark="pipeline", what=name, unit=unit, samples=samples, **more)

    return [
        row("efficiency", "x", ratios(ours, theirs), at_least=goal, floor=FLOOR),
        row("pipeline", "steps/s", ours),
        row("plain loop", "steps/s", theirs),
    ]


def _pair(state: StackState, spec: RunSpec, name: str) -> tuple[float, float]:
    pipeline = uvloop.run(runs.speed_on(state, name, spec))
    return pipeline, runs.speed(plain_loop.run(spec))
