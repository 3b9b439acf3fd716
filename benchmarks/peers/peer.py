"""Whom we stand beside; every measurement is a process of its own, import included."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from benchmarks.peers import interpreter
from benchmarks.peers.problem import Problem


class Peer(NamedTuple):
    """One library."""

    name: str
    package: str
    process: str  # module in benchmarks.peers, taking `solve PROBLEM SEED`, `speed ENVS SEED`

    @property
    def installed(self) -> bool:
        """Whether it can be measured here."""
        return interpreter.installed(self.package)


STABLE_BASELINES3 = Peer("Stable-Baselines3", "stable-baselines3", "stable_baselines3_process")
SBX = Peer("SBX", "sbx-rl", "sbx_process")
RLLIB = Peer("RLlib", "ray", "rllib_process")
PEERS = (STABLE_BASELINES3, SBX, RLLIB)
MISSING = interpreter.MISSING


class Solved(NamedTuple):
    """Wall seconds of the whole process, its environment steps, and its last evaluation's mean."""

    seconds: float
    env_steps: float
    return_mean: float


def solve(peer: Peer, problem: Problem, seed: int) -> Solved:
    """Until the problem's target, or until its budget is spent."""
    begun = time.perf_counter()
    steps, mean = interpreter.run(peer.process, "solve", _json(problem), str(seed))
    return Solved(time.perf_counter() - begun, steps, mean)


def speed(peer: Peer, num_envs: int, seed: int) -> float:
    """CartPole-v1 steps/s, learning included, start-up and first iteration excluded.

    Args:
        num_envs: of 128 steps each an update; 4 epochs of 4 minibatches.
    """
    rate: float = interpreter.run(peer.process, "speed", str(num_envs), str(seed))
    return rate


def zoo_speed(problem: Problem, seed: int) -> float:
    """Stable-Baselines3's steps/s with the problem's settings, first iteration excluded."""
    rate: float = interpreter.run(STABLE_BASELINES3.process, "zoo", _json(problem), str(seed))
    return rate


def told(solved: Sequence[Solved], target: float) -> str:
    """What a table's row notes of a peer's repetitions."""
    if not solved:
        return MISSING
    steps = sorted(one.env_steps for one in solved)[len(solved) // 2]
    short = sum(one.return_mean < target for one in solved)
    failed = f"; {short} of {len(solved)} did not get there: its time is a lower bound"
    return f"{steps:,.0f} steps (median){failed if short else ''}"


def _json(problem: Problem) -> str:
    return msgspec.json.encode(problem).decode()
