"""Runs of algorithms that learn by replay, without events."""

import hashlib
from typing import Any

from faastraingym.algorithms import registry
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.registry import parse
from faastraingym.algorithms.replay.ring import Ring, rows
from faastraingym.events.pipeline.planning import learning_plan, update_plan
from faastraingym.schemas.payloads import LearnerState, Trajectory, dump
from faastraingym.schemas.specification import RunSpec

Batches = dict[int, list[Trajectory]]
ENVIRONMENTS = {"dqn": "CartPole-v1", "sac": "Pendulum-v1"}


def a_spec(name: str = "dqn", **algorithm: Any) -> RunSpec:
    """A window of 4 versions of 24 transitions, learnt from since version 2."""
    settings = {
        "capacity": 96,
        "batch_size": 8,
        "gradient_steps": 5,
        "learning_starts": 30,
        "target_update_interval": 7,
        "hidden_sizes": [8],
        "learning_rate": 1e-2,
    }
    return parse(
        {
            "environment": {"id": ENVIRONMENTS[name], "num_envs": 2},
            "rollout": {"count": 2, "num_steps": 6},
            "stop": {"env_steps": 400},
            "algorithm": {"name": name, **settings, **algorithm},
        }
    )


def a_ring(spec: RunSpec) -> Ring:
    return Ring(rows(spec))


def started(spec: RunSpec) -> LearnerState:
    return registry.learner(spec).initialise(spec)


def go_on(
    spec: RunSpec, state: LearnerState, batches: Batches, ring: Ring, versions: int
) -> tuple[LearnerState, list[dict[str, float]]]:
    """So many further versions; `batches` are the run's trajectories so far, and grow."""
    learner, told = registry.learner(spec), []
    for _ in range(versions):
        version, policy = state.version, learner.project(state)
        exploration = learning_plan(spec, state.env_steps).exploration
        before = batches.get(version - 1, [None, None])
        batches[version] = [
            collect(spec, policy, slot, last, exploration=exploration)
            for slot, last in enumerate(before)
        ]
        plan = update_plan(spec, version, state.env_steps, 0)
        ring.write(version, batches[version], None)
        assert plan.replay is not None
        for missing in ring.missing(plan.replay):
            ring.write(missing, batches[missing], None)
        state, metrics = learner.update(spec, state, batches[version], None, plan, ring)
        told.append(metrics)
    return state, told


def sha(state: LearnerState) -> str:
    return hashlib.sha256(dump(state)).hexdigest()
