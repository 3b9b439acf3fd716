"""What collecting beside the update gains: `rollout.max_policy_lag` 1 against 0, in steps/s.

Pipelines with both, and the same functions in a plain loop, take turns; each turn gives two ratios.
Counted from version 8 on. Two rollouts and a learner at once want three cores.
"""

from typing import NamedTuple

import uvloop
from msgspec.structs import replace

from benchmarks import plain_loop, runs, stacks
from benchmarks.report import Row
from benchmarks.samples import ratios
from faastraingym.embedded.state import StackState
from faastraingym.schemas.specification import RunSpec


class Turn(NamedTuple):
    """Steps/s."""

    synchronous: float
    lagging: float
    loop: float


CASES = {
    "256-step updates": runs.small(updates=60),
    "8,192-step updates": runs.large(updates=32),
    "65,536-step updates": runs.huge(updates=16),
}


def measure(repeat: int) -> list[Row]:
    """Speeds with and without a lag, and their ratios."""
    rows: list[Row] = []
    with stacks.running() as state:
        for number, (what, spec) in enumerate(CASES.items()):
            turns = [_turn(state, spec, f"lag-{number}-{again}") for again in range(repeat)]
            rows += of_turns(what, turns)
    return rows


def of_turns(what: str, turns: list[Turn]) -> list[Row]:
    """Rows of what took turns."""
    synchronous, lagging, loop = map(list, zip(*turns, strict=True))
    rows = {
        "lag 1 / lag 0": ("x", ratios(lagging, synchronous)),
        "lag 1 / plain loop": ("x", ratios(lagging, loop)),
        "lag 0": ("steps/s", synchronous),
        "lag 1": ("steps/s", lagging),
    }
    return [
        Row(benchmark="lag", what=f"{what}: {name}", unit=unit, samples=samples)
        for name, (unit, samples) in rows.items()
    ]


def lagging(spec: RunSpec) -> RunSpec:
    """`spec`, its rollouts beside the update."""
    return replace(spec, rollout=replace(spec.rollout, max_policy_lag=1))


def _turn(state: StackState, spec: RunSpec, name: str) -> Turn:
    return Turn(
        uvloop.run(runs.speed_on(state, f"{name}-without", spec)),
        uvloop.run(runs.speed_on(state, f"{name}-with", lagging(spec))),
        runs.speed(plain_loop.run(spec)),
    )
