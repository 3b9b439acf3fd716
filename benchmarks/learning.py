"""Learning throughput at a large batch: environment steps/s, learning included.

64 environments x 128 steps (here 2 rollouts of 32), 4 epochs of 4 minibatches, networks of 64 x 64.
Warm: the pipeline from version 8 on, the plain loop likewise, Stable-Baselines3 from its second
iteration on. Stable-Baselines3 runs on the CPU with the number of threads that is faster.
"""

import uvloop

from benchmarks import plain_loop, runs, stacks
from benchmarks.peers import stable_baselines3
from benchmarks.report import Row
from benchmarks.samples import ratios
from embedded.state import StackState


def measure(repeat: int) -> list[Row]:
    """The pipeline, the plain loop and the peer, in turn."""
    pipeline: list[float] = []
    loop: list[float] = []
    peer: list[float] = []
    with stacks.running() as state:
        for again in range(repeat):
            pipeline.append(uvloop.run(_speed(state, f"learning-{again}")))
            loop.append(runs.speed(plain_loop.run(runs.large(updates=32))))
            if stable_baselines3.installed():
                peer.append(stable_baselines3.speed(seed=again + 1))
    return rows(pipeline, loop, peer)


def rows(pipeline: list[float], loop: list[float], peer: list[float]) -> list[Row]:
    """Speeds, and how many times the peer's they are."""

    def row(what: str, unit: str, samples: list[float], at_least: float | None = None) -> Row:
        note = "" if samples else stable_baselines3.MISSING
        return Row(
            benchmark="learning",
            what=what,
            unit=unit,
            samples=samples,
            at_least=at_least,
            note=note,
        )

    return [
        row("pipeline", "steps/s", pipeline),
        row("plain loop", "steps/s", loop),
        row("Stable-Baselines3", "steps/s", peer),
        row("pipeline / peer", "x", ratios(pipeline, peer) if peer else [], 20.0),
        row("plain loop / peer", "x", ratios(loop, peer) if peer else []),
    ]


async def _speed(state: StackState, name: str) -> float:
    async with stacks.connected(state) as held:
        return runs.speed(runs.versions(await runs.run(held, name, runs.large(updates=32))))
