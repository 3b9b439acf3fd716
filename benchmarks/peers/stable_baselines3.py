"""Stable-Baselines3's PPO, each measurement in a process of its own; optional (extra `peers`)."""

import importlib.util
import subprocess
import sys
import time
from typing import NamedTuple

import msgspec

MISSING = "not installed: pip install -e '.[peers]', or make bench PEERS=1"


class Solved(NamedTuple):
    """Wall seconds of the whole process, and environment steps."""

    seconds: float
    env_steps: int


def installed() -> bool:
    """Whether the package is there."""
    return importlib.util.find_spec("stable_baselines3") is not None


def solve(seed: int) -> Solved:
    """CartPole-v1 to 475, import of the process included.

    Raises:
        RuntimeError: not within 100,000 steps.
    """
    begun = time.perf_counter()
    steps, mean = _run("solve", seed)
    seconds = time.perf_counter() - begun
    if mean < 475.0:
        raise RuntimeError(f"Stable-Baselines3, seed {seed}: {mean:.1f} after {steps:.0f} steps")
    return Solved(seconds, int(steps))


def speed(seed: int) -> float:
    """Environment steps/s, learning included, start-up and first iteration excluded."""
    return _run("speed", seed)[0]


def _run(task: str, seed: int) -> tuple[float, float]:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers.stable_baselines3_process", task, str(seed)],
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(process.stdout, type=tuple[float, float])
