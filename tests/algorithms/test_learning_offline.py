"""DQN learns CartPole in fewer steps of its own where it begins with somebody's episodes."""

from typing import Any

import numpy as np

from faastraingym.algorithms import registry
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.episodes import env_steps
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.registry import parse
from faastraingym.algorithms.replay import window
from faastraingym.algorithms.replay.layout import layout
from faastraingym.algorithms.replay.ring import Ring, rows
from faastraingym.client import beginnings
from faastraingym.events.pipeline import planning
from faastraingym.schemas.messages import VersionRange
from faastraingym.schemas.payloads import Trajectory
from faastraingym.schemas.specification import RunSpec
from tests.offline import begins, cartpole, stored

ENOUGH, BUDGET = 200.0, 10_000


def a_spec(seed: int, **algorithm: Any) -> RunSpec:
    return parse(
        {
            "seed": seed,
            "environment": {"id": "CartPole-v1", "num_envs": 2},
            "rollout": {"count": 1, "num_steps": 128},
            "algorithm": {
                "name": "dqn",
                "learning_rate": 5e-4,
                "double": True,
                "capacity": 20_000,
                "learning_starts": 256,
                "gradient_steps": 128,
                "target_update_interval": 500,
                "exploration_initial": 0.1,
                **algorithm,
            },
            "evaluation": {"every": 2, "episodes": 10},
            "stop": {"env_steps": BUDGET},
        }
    )


def own_steps(spec: RunSpec, streams: list[Any]) -> int:
    """The run's own steps until an evaluation is good enough; BUDGET where none is."""
    learner, ring = registry.learner(spec), Ring(rows(spec))
    state, last = learner.initialise(spec), None
    while state.env_steps < BUDGET:
        explored = planning.learning_plan(spec, state.env_steps).exploration
        last = collect(spec, learner.project(state), 0, last, exploration=explored)
        batch: list[Trajectory] = [last]
        plan = planning.update_plan(spec, state.version, state.env_steps, env_steps(last))
        ring.write(state.version, batch, None)
        if streams and state.version == 0:
            of, begin = window.window(spec, VersionRange(first=0, last=0)), 0
            for stream in streams:
                places = layout(spec).places(begin, len(stream.rewards))
                ring.pour(stream, places, of.versions.first)
                begin += len(stream.rewards)
            ring.poured(range(of.versions.first, 0))
        state, _ = learner.update(spec, state, batch, None, plan, ring)
        if plan.evaluate and evaluate(spec, learner.project(state)).returns.mean() >= ENOUGH:
            return state.env_steps
    return BUDGET


def test_a_dataset_saves_steps() -> None:
    """Of a policy that acts at random in half of its steps: returns of 216. Medians of 3 seeds."""
    dataset = cartpole(6000, mistakes=0.5)
    brought, _ = stored(dataset)
    streams = [stream for stream, _ in beginnings.parts("it", dataset)]
    found = {
        name: [own_steps(a_spec(seed, **more), given) for seed in (1, 2, 3)]
        for name, more, given in (
            ("without", {}, []),
            ("with", {"init_from": begins(brought)}, streams),
        )
    }
    assert 2 * np.median(found["with"]) <= np.median(found["without"])
