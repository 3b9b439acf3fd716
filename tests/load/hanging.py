"""Runs whose environments never answer, beside ten CartPole runs that came after them."""

import asyncio
import time

from benchmarks.report import Row
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.messages import RunFailed
from faastraingym.schemas.specification import RunSpec
from tests.stack.environments import HANGING
from tests.stack.facts import end, updated
from tests.stack.specs import SHORT

from .runs import Bench, Ended, losses, none, request, train
from .sizes import Size

NAME = "hanging"
HANG = ("hanging-a", "hanging-b")
MAY_TAKE = 1.5  # times what they take alone
FOR_EVER = 100_000.0  # seconds


async def measure(at: Bench, size: Size) -> list[Row]:
    """The ten take about as long as alone; the two fail with the remedy, if they hang for ever."""
    await _ten(at, "first", size)  # cold starts, compilation
    before, alone = await _ten(at, "alone", size)
    seconds = size.hangs_seconds or FOR_EVER
    for run in HANG:
        await request(at, run, stuck(seconds, size))
    for run in HANG:
        await updated(at.connected.facts, run)
    beside, among = await _ten(at, "beside", size)
    unexplained = 0
    for run in HANG:
        ended = await end(at.connected.facts, run, patience=10 * 60.0)
        explained = isinstance(ended, RunFailed) and "exec_timeout=120s twice" in ended.reason
        unexplained += explained != (seconds == FOR_EVER)
    after, again = await _ten(at, "after", size)
    ratio = 2 * beside / (before + after)
    differ = sum(
        len({run.sha256 for run in three}) > 1 for three in zip(alone, among, again, strict=True)
    )
    return [
        Row(benchmark=NAME, what="ten runs alone, before", unit="s", samples=[before]),
        Row(benchmark=NAME, what="ten runs beside two that hang", unit="s", samples=[beside]),
        Row(benchmark=NAME, what="ten runs alone, afterwards", unit="s", samples=[after]),
        Row(
            benchmark=NAME,
            what="beside / alone",
            unit="x",
            samples=[ratio],
            at_most=MAY_TAKE if seconds == FOR_EVER else None,
        ),
        none(NAME, "SHA-256 other than alone", differ),
        none(NAME, "runs that hung and did not say what to do", unexplained),
        *(await losses(at, NAME, *among))[:3],  # there are dead letters: those of the two
    ]


async def _ten(at: Bench, name: str, size: Size) -> tuple[float, list[Ended]]:
    """Seconds from the first request to the last report, and the runs."""
    began = time.perf_counter()
    specs = {f"hang-{name}-{seed}": _seeded(seed, size) for seed in range(10)}
    runs = await asyncio.gather(*(train(at, run, spec) for run, spec in specs.items()))
    return time.perf_counter() - began, list(runs)


def _seeded(seed: int, size: Size) -> RunSpec:
    rollout = {"count": 2, "num_steps": 16}
    stop = {"env_steps": size.hangs_steps}
    return parse({**SHORT, "seed": seed, "rollout": rollout, "stop": stop})


def stuck(seconds: float, size: Size) -> RunSpec:
    """Four rollouts a version, so that one run could hold all replicas."""
    environment = {"id": HANGING, "num_envs": 1, "kwargs": {"seconds": seconds, "after": 2}}
    rollout = {"count": 4, "num_steps": 2}
    stop = {"env_steps": 8}
    return parse({**SHORT, "environment": environment, "rollout": rollout, "stop": stop})
