"""The rows: a file each, our specification; its marked lines (benchmarks/marked.py) are the peers'.

Environment, target and interval of evaluations are our specification's, so that the peers are
evaluated as often.
"""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks import marked
from benchmarks.peers.problem import Problem
from faastraingym.algorithms import registry

FOLDER = Path(__file__).parent


class Peers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What Stable-Baselines3 and SBX train with: rl-baselines3-zoo's settings."""

    budget: int
    num_envs: int
    settings: dict[str, Any]  # as of Problem


class Row(NamedTuple):
    """One environment, algorithm and target."""

    file: Path
    problem: Problem

    @property
    def name(self) -> str:
        """As tables have it."""
        problem = self.problem
        return f"{problem.algorithm} {problem.environment} to {problem.target:g}"


def read(file: Path) -> Row:
    """One row.

    Raises:
        ValueError: the file is not there or is none of a row; the text says why.
    """
    peers, raw = marked.read(file, Peers)
    spec = registry.parse(raw)
    if spec.stop.target is None:
        raise ValueError(f"{file}: stop.target: found none; a row has one")
    rollout, environment = spec.rollout, spec.environment
    version = rollout.needed * rollout.num_steps * environment.num_envs
    problem = Problem(
        algorithm=registry.name(spec).upper(),
        environment=environment.id,
        target=spec.stop.target,
        evaluate_every=spec.evaluation.every * version,
        episodes=spec.evaluation.episodes,
        **{name: getattr(peers, name) for name in Peers.__struct_fields__},
    )
    return Row(file, problem)


names, named = marked.rows(FOLDER, read)
