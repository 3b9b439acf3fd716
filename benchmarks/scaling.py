"""Scaling: how cost grows with replicas, fan-out, trajectory size and length of a run.

Replicas: 4 rollouts of 2,048 steps a version, collected by 1, 2 or 4 replicas; more of them than
cores cannot be faster. Fan-out and size: what an iteration takes when one of them grows. Length:
1,000 versions of 64 steps, iterations 10 to 60 against the last 50, the run's own evaluations
left out. All warm: the first 8 versions of a run are not counted. Overhead is what
`faastrain trace` calls so: the share of the critical path that is neither environment, policy,
rewards nor update.
"""

from functools import partial
from typing import NamedTuple

import uvloop

from benchmarks import runs, stacks
from benchmarks.iteration import profiled
from benchmarks.report import Floor, Row
from benchmarks.samples import median
from faastraingym.embedded.state import StackState
from faastraingym.schemas.specification import RunSpec

REPLICAS = (1, 2, 4)
FAN_OUT = (1, 2, 4, 8, 16)
SIZES = {2 * 4 * 16: (4, 16), 2 * 32 * 32: (32, 32), 2 * 256 * 64: (256, 64)}  # (B, T) of each of 2
VERSIONS, WINDOW = 1000, 50
ONE_PASS = {"num_minibatches": 1, "update_epochs": 1}

_row = partial(Row, benchmark="scaling")


class Speed(NamedTuple):
    """One run, warm."""

    steps: float  # environment steps/s
    iteration: float  # ms, median
    overhead: float  # share, median


def measure(repeat: int) -> list[Row]:
    """Each curve in turn; the stack is another one for each number of replicas."""
    rows: list[Row] = []
    for number in REPLICAS:
        with stacks.running({**stacks.KEPT_WARM, "FTG_MAX_ROLLOUTS": str(number)}) as state:
            spec = runs.cartpole(16, 128, {"num_minibatches": 4, "update_epochs": 4}, 24, count=4)
            rows += of_replicas(number, _speeds(state, spec, f"replicas-{number}", repeat))
    with stacks.running() as state:
        for count in FAN_OUT:
            spec = runs.cartpole(4, 16, ONE_PASS, updates=40, count=count)
            rows.append(of_fan_out(count, _speeds(state, spec, f"fan-out-{count}", repeat)))
        for batch, (num_envs, num_steps) in SIZES.items():
            spec = runs.cartpole(num_envs, num_steps, ONE_PASS, updates=40)
            rows += of_size(batch, _speeds(state, spec, f"size-{batch}", repeat))
        spec = runs.cartpole(4, 8, ONE_PASS, updates=int(VERSIONS * 1.1))
        names = [f"length-{again}" for again in range(repeat)]
        rows += of_length([uvloop.run(_intervals(state, spec, name)) for name in names])
    return rows


def _speeds(state: StackState, spec: RunSpec, name: str, repeat: int) -> list[Speed]:
    return [uvloop.run(_speed(state, spec, f"{name}-{again}")) for again in range(repeat)]


async def _speed(state: StackState, spec: RunSpec, name: str) -> Speed:
    said, told = await profiled(state, name, spec)
    return Speed(runs.speed(runs.versions(said)), told.median_ms, told.overhead)


async def _intervals(state: StackState, spec: RunSpec, name: str) -> list[float]:
    async with stacks.connected(state) as held:
        return runs.intervals(runs.versions(await runs.run(held, name, spec)), warm_up=0)


def of_replicas(number: int, found: list[Speed]) -> list[Row]:
    """Speed and overhead with so many replicas of `rollout`."""
    what = f"{number} rollout replica{'s' if number > 1 else ''}"
    return [
        _row(what=what, unit="steps/s", samples=[speed.steps for speed in found]),
        _row(what="  overhead", unit="share", samples=[speed.overhead for speed in found]),
    ]


def of_fan_out(count: int, found: list[Speed]) -> Row:
    """An iteration with so many rollouts."""
    samples = [speed.iteration for speed in found]
    return _row(what=f"iteration of {count} rollouts x 64 steps", unit="ms", samples=samples)


def of_size(batch: int, found: list[Speed]) -> list[Row]:
    """An iteration of so many steps, and what of it is overhead."""
    overhead = [speed.iteration * speed.overhead for speed in found]
    return [
        _row(
            what=f"iteration of 2 rollouts, {batch:,} steps together",
            unit="ms",
            samples=[speed.iteration for speed in found],
        ),
        _row(what="  of which overhead", unit="ms", samples=overhead),
    ]


def of_length(repetitions: list[list[float]]) -> list[Row]:
    """Late iterations against early ones of the same run; intervals in s."""
    early = [1e3 * median(seconds[10 : 10 + WINDOW]) for seconds in repetitions]
    late = [1e3 * median(seconds[-WINDOW:]) for seconds in repetitions]
    length = min(map(len, repetitions))
    return [
        _row(what=f"iterations 10 to {10 + WINDOW}", unit="ms", samples=early),
        _row(what=f"the last {WINDOW} of {length:,} or more", unit="ms", samples=late),
        _row(
            what="  late / early",
            unit="x",
            samples=[b / a for a, b in zip(early, late, strict=True)],
            at_most=1.1,
            floor=Floor(1.0, "no iteration knows how many came before"),
        ),
    ]
