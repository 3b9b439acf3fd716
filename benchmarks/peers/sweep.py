"""What Ray Tune and Optuna are to train; it travels to the peers' own interpreter as JSON."""

from typing import Any

import msgspec

from benchmarks.peers.problem import Problem


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """Runs of Stable-Baselines3: each is a configuration with a seed."""

    problem: Problem  # whose settings those of a run go over
    runs: list[dict[str, Any]]  # settings, and a seed
    at_once: int
    folder: str  # of the storage; each run's steps are counted in steps.txt
