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
from embedded.state import StackState
from schemas.specification import RunSpec


class Turn(NamedTuple):
    """Steps/s."""

    synchronous: float
    lagging: float
    loop: float


def huge(updates: int) -> RunSpec:
    """65,536 steps an update: `runs.large` with eight times the environments."""
    spec = runs.large(8 * updates)
    environments = 8 * spec.environment.num_envs
    return replace(spec, environment=replace(spec.environment, num_envs=environments))


CASES = {
    "256-step updates": runs.small(updates=60),
    "8,192-step updates": runs.large(updates=32),
    "65,536-step updates": huge(updates=16),
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
        uvloop.run(_speed(state, spec, f"{name}-without")),
        uvloop.run(_speed(state, lagging(spec), f"{name}-with")),
        runs.speed(plain_loop.run(spec)),
    )


async def _speed(state: StackState, spec: RunSpec, name: str) -> float:
    async with stacks.connected(state) as held:
        return runs.speed(runs.versions(await runs.run(held, name, spec)))
