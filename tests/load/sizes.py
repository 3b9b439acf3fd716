"""How much load: the full one of `python -m tests.load`, the short one of the test suite."""

from typing import NamedTuple

from faastraingym.algorithms.registry import parse
from faastraingym.schemas.specification import MAX_ROLLOUTS, RunSpec

from .environments import SLOW


class Size(NamedTuple):
    """What the scenarios do."""

    in_flight: int  # rollouts of one version
    in_flight_versions: int
    runs: int  # at once
    fan_out: int  # rollouts a version of the run of many facts
    facts: int  # of that run
    repetition: int  # rollouts of one repetition of the leak check
    crowd: int  # queued rollouts of the large run
    seconds: float  # that one of them takes
    hangs_seconds: float  # that a rollout hangs; 0: for ever
    hangs_steps: int  # environment steps of each of ten runs beside it
    most: int  # rollouts of the version with the largest batch
    flood: int  # requests that nobody signed, of each kind
    clients: int  # connections of one flood
    clients_seconds: float  # that it lasts
    clients_steps: int  # environment steps of the run beside it
    uploads: int  # files that start a run each


FULL = Size(
    500, 3, 20, 50, 10_000, 500, 400, 0.2, 0.0, 2000, MAX_ROLLOUTS, 10_000, 1000, 45.0, 12_000, 50
)
SHORT = Size(80, 2, 5, 20, 400, 150, 60, 0.1, 2.0, 200, 100, 300, 150, 3.0, 400, 5)


def tiny(count: int, versions: int, seed: int = 1, **tables: object) -> RunSpec:
    """`versions` versions of `count` rollouts, each of 2 steps of one CartPole."""
    return parse(
        {
            "seed": seed,
            "environment": {"id": "CartPole-v1", "num_envs": 1},
            "rollout": {"count": count, "num_steps": 2, "deadline_seconds": 600.0},
            "algorithm": {
                "name": "ppo", "update_epochs": 1, "num_minibatches": 1, "hidden_sizes": [8],
            },
            "evaluation": {"every": 1_000_000, "episodes": 1},
            # an autoreset is no step: the last version may have a few steps less than the others
            "stop": {"env_steps": max(1, int(1.9 * count * (versions - 1)) + 1)},
            **tables,
        }
    )  # fmt: skip


def slow(count: int, seconds: float) -> RunSpec:
    """One version of `count` rollouts, each of which waits `seconds` and does next to nothing."""
    environment = {"id": SLOW, "num_envs": 1, "kwargs": {"seconds": seconds}}
    return tiny(count, 1, environment=environment)
