"""Specifications of experiments in few words, and every scheduler there is."""

from typing import Any

import msgspec

from faastraingym.schemas.experiment import ExperimentSpec

LEARNING_RATE = "algorithm.learning_rate"
SPACE = {LEARNING_RATE: {"kind": "log-uniform", "low": 1e-5, "high": 1e-1}}
SYNCHRONOUS: list[dict[str, Any]] = [
    {"name": "none"},
    {"name": "halving", "first": 100, "factor": 3},
    {"name": "halving", "first": 100, "factor": 2},
    {"name": "hyperband", "first": 100, "factor": 3},
    {"name": "plateau", "every": 200, "patience": 2},
    {"name": "population", "every": 300},
    {"name": "population", "every": 200, "quantile": 0.5},
]
ASYNCHRONOUS: list[dict[str, Any]] = [
    {"name": "halving", "first": 100, "factor": 3, "asynchronous": True},
    {"name": "halving", "first": 100, "factor": 2, "asynchronous": True},
    {"name": "median", "every": 300, "trials": 2},
]


def experiment(
    scheduler: dict[str, Any],
    budget: int = 1000,
    space: dict[str, Any] = SPACE,
    sampler: dict[str, Any] | None = None,
) -> ExperimentSpec:
    """An experiment of runs of `budget` environment steps."""
    raw = {
        "run": {
            "environment": {"id": "CartPole-v1"},
            "algorithm": {"name": "ppo"},
            "stop": {"env_steps": budget},
        },
        "space": space,
        "seeds": [1],
        "sampler": sampler or {"name": "random", "trials": 9},
        "scheduler": scheduler,
    }
    return msgspec.convert(raw, ExperimentSpec)
