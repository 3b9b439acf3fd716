"""Learning throughput at a large batch: environment steps/s, learning included.

64 environments x 128 steps (here 2 rollouts of 32), 4 epochs of 4 minibatches, networks of 64 x
64. Warm: the pipeline from version 8 on, the plain loop likewise, peers from their second iteration
on. Stable-Baselines3 runs on the CPU with the number of threads that is faster.
"""

from functools import partial

import uvloop

from benchmarks import plain_loop, runs, stacks
from benchmarks.peers import peer
from benchmarks.peers.peer import PEERS, STABLE_BASELINES3, Peer
from benchmarks.report import Floor, Row
from benchmarks.samples import ratios

NUM_ENVS = 64
# CartPole-v1 alone: 1.7M steps/s with 64 environments; the update alone: 310 ms for 65,536 steps.
FLOOR = Floor(190e3, "environment 0.6 us and update 4.7 us a step, one after the other")
GOALS = {STABLE_BASELINES3: 20.0}

_row = partial(Row, benchmark="learning")


def measure(repeat: int) -> list[Row]:
    """The pipeline, the plain loop and the peers, in turn."""
    pipeline: list[float] = []
    loop: list[float] = []
    theirs: dict[Peer, list[float]] = {one: [] for one in PEERS}
    spec = runs.large(updates=32)
    with stacks.running() as state:
        for again in range(repeat):
            pipeline.append(uvloop.run(runs.speed_on(state, f"learning-{again}", spec)))
            loop.append(runs.speed(plain_loop.run(spec)))
            for one in PEERS:
                if one.installed:
                    theirs[one].append(peer.speed(one, NUM_ENVS, seed=again + 1))
    return rows(pipeline, loop, theirs)


def rows(pipeline: list[float], loop: list[float], theirs: dict[Peer, list[float]]) -> list[Row]:
    """Speeds, and how many times each peer's they are."""
    made = [
        _row(what="pipeline", unit="steps/s", samples=pipeline, floor=FLOOR),
        _row(what="plain loop", unit="steps/s", samples=loop),
    ]
    for one, speeds in theirs.items():
        made += beside(one, speeds, pipeline, loop)
    return made


def beside(one: Peer, speeds: list[float], pipeline: list[float], loop: list[float]) -> list[Row]:
    """A peer's speed, and how many times that ours is."""
    row = partial(_row, note="" if speeds else peer.MISSING)
    times = [ratios(ours, speeds) if speeds else [] for ours in (pipeline, loop)]
    goal = GOALS.get(one)
    return [
        row(what=one.name, unit="steps/s", samples=speeds),
        row(what=f"  pipeline / {one.name}", unit="x", samples=times[0], at_least=goal),
        row(what=f"  plain loop / {one.name}", unit="x", samples=times[1]),
    ]
