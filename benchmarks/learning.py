"""Learning throughput: environment steps/s, learning included, beside the peers.

CartPole-v1, 128 steps of 64 and of 512 environments an update (here 2 rollouts of half of them), 4
epochs of 4 minibatches, networks of 64 x 64, the same for all. Warm: the pipeline from version 8
on, the plain loop likewise, peers from their second iteration on. Beside the larger one also
Stable-Baselines3 with rl-baselines3-zoo's settings: 8 environments, 256 steps an update, 20 epochs.
Stable-Baselines3 runs on the CPU with the number of threads that is faster.
"""

from typing import Any, NamedTuple

import uvloop

from benchmarks import plain_loop, runs, stacks
from benchmarks.peers import peer
from benchmarks.peers.peer import PEERS, STABLE_BASELINES3, Peer
from benchmarks.report import Floor, Row
from benchmarks.samples import ratios
from benchmarks.targets import rows as targets
from faastraingym.embedded.state import StackState
from faastraingym.schemas.specification import RunSpec

# CartPole-v1 alone: 1.7M steps/s with 64 environments; the update alone: 310 ms for 65,536 steps.
FLOOR = Floor(190e3, "environment 0.6 us and update 4.7 us a step, one after the other")
GOALS = {STABLE_BASELINES3: 20.0}  # at the large batch
ZOO = "Stable-Baselines3, zoo's settings"
ZOO_PROBLEM = targets.named("ppo_cartpole").problem


class Case(NamedTuple):
    """A size of update."""

    what: str
    spec: RunSpec
    num_envs: int  # the peers'
    goals: dict[Peer, float]


class Measured(NamedTuple):
    """Steps/s of one repetition each, of one case; a peer that is missing has none."""

    pipeline: list[float]
    loop: list[float]
    peers: dict[Peer, list[float]]
    zoo: list[float]


CASES = (
    Case("8,192-step updates", runs.large(updates=32), 64, {}),
    Case("65,536-step updates", runs.huge(updates=16), 512, GOALS),
)


def measure(repeat: int) -> list[Row]:
    """The pipeline, the plain loop and the peers, in turn, for each size."""
    with stacks.running() as state:
        return [row for case in CASES for row in rows(case, _measured(state, case, repeat))]


def _measured(state: StackState, case: Case, repeat: int) -> Measured:
    found = Measured([], [], {one: [] for one in PEERS}, [])
    for again in range(repeat):
        name = f"learning-{case.num_envs}-{again}"
        found.pipeline.append(uvloop.run(runs.speed_on(state, name, case.spec)))
        found.loop.append(runs.speed(plain_loop.run(case.spec)))
        for one in PEERS:
            if one.installed:
                found.peers[one].append(peer.speed(one, case.num_envs, seed=again + 1))
        if case.goals and STABLE_BASELINES3.installed:
            found.zoo.append(peer.zoo_speed(ZOO_PROBLEM, seed=again + 1))
    return found


def rows(case: Case, found: Measured) -> list[Row]:
    """Speeds, and how many times each peer's they are."""

    def row(what: str, unit: str, samples: list[float], **more: Any) -> Row:
        what = f"{case.what}: {what}"
        return Row(benchmark="learning", what=what, unit=unit, samples=samples, **more)

    def beside(name: str, speeds: list[float], goal: float | None) -> list[Row]:
        note = "" if speeds else peer.MISSING
        times = [ratios(ours, speeds) if speeds else [] for ours in (found.pipeline, found.loop)]
        return [
            row(name, "steps/s", speeds, note=note),
            row(f"pipeline / {name}", "x", times[0], at_least=goal, note=note),
            row(f"plain loop / {name}", "x", times[1], note=note),
        ]

    made = [
        row("pipeline", "steps/s", found.pipeline, floor=FLOOR),
        row("plain loop", "steps/s", found.loop),
    ]
    for one, speeds in found.peers.items():
        made += beside(one.name, speeds, case.goals.get(one))
    return made + (beside(ZOO, found.zoo, case.goals[STABLE_BASELINES3]) if case.goals else [])
