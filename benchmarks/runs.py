"""Whole runs on a stack, and their speed as the log of facts tells it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from benchmarks import stacks
from faastraingym.adapters.stage.connections import Connections
from faastraingym.algorithms.registry import parse
from faastraingym.embedded.state import StackState
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Recorded
from faastraingym.schemas.messages import PolicyUpdated, RunCompleted, RunFailed, RunRequested
from faastraingym.schemas.specification import RunSpec, to_dict

WARM_UP = 8  # versions that are not counted: cold starts, compilation


def small(updates: int, seed: int = 1) -> RunSpec:
    """CartPole with zoo settings: 256 steps an update, 2 rollouts, 20 passes over one batch."""
    algorithm = {"num_minibatches": 1, "update_epochs": 20, "gamma": 0.98, "gae_lambda": 0.8}
    return cartpole(4, 32, algorithm | {"learning_rate": 1e-3}, updates, seed)


def large(updates: int, seed: int = 1) -> RunSpec:
    """8,192 steps an update, 2 rollouts of 32 environments, 4 passes over 4 minibatches."""
    return cartpole(32, 128, {"num_minibatches": 4, "update_epochs": 4}, updates, seed)


def huge(updates: int, seed: int = 1) -> RunSpec:
    """65,536 steps an update, 2 rollouts of 256 environments, 4 passes over 4 minibatches."""
    return cartpole(256, 128, {"num_minibatches": 4, "update_epochs": 4}, updates, seed)


def cartpole(
    num_envs: int,
    num_steps: int,
    algorithm: Mapping[str, float],
    updates: int,
    seed: int = 1,
    count: int = 2,
) -> RunSpec:
    """No target, and no evaluation but the last: only the loop is measured."""
    return parse(
        {
            "seed": seed,
            "environment": {"id": "CartPole-v1", "num_envs": num_envs},
            "rollout": {"count": count, "horizon": "steps", "num_steps": num_steps},
            "algorithm": {"name": "ppo", **algorithm},
            "evaluation": {"every": 1_000_000, "episodes": 1},
            # an autoreset is no step, so a version has a few less than count x envs x steps
            "stop": {"env_steps": int(updates * count * num_envs * num_steps * 0.95)},
        }
    )


async def run(held: Connections, name: str, spec: RunSpec) -> list[Recorded]:
    """One run from request to end; its facts.

    Raises:
        RuntimeError: the run failed, with its reason.
    """
    await held.services.facts.publish_once(RunRequested(run=name, spec=to_dict(spec)))
    records: list[Recorded] = []
    following = held.services.facts.follow(*subjects.of_run(name))
    async for record in following:
        records.append(record)
        if isinstance(record.fact, RunFailed):
            raise RuntimeError(f"{name}: {record.fact.reason}\n{record.fact.detail}")
        if isinstance(record.fact, RunCompleted):
            break
    return records


async def speed_on(state: StackState, name: str, spec: RunSpec) -> float:
    """Environment steps per second of a whole run on a stack, warm."""
    async with stacks.connected(state) as held:
        return speed(versions(await run(held, name, spec)))


def versions(records: Sequence[Recorded]) -> list[tuple[float, int]]:
    """When each policy version was committed (Unix time, s), and steps learnt from by then."""
    policies = [(r.at, r.fact.policy) for r in records if isinstance(r.fact, PolicyUpdated)]
    return [(at, policy.env_steps) for at, policy in sorted(policies, key=lambda p: p[1].version)]


def speed(marks: Sequence[tuple[float, int]], warm_up: int = WARM_UP) -> float:
    """Environment steps per second, learning included, from version `warm_up` to the last."""
    (begun, steps_before), (ended, steps_after) = marks[warm_up], marks[-1]
    return (steps_after - steps_before) / (ended - begun)


def intervals(marks: Sequence[tuple[float, int]], warm_up: int = WARM_UP) -> list[float]:
    """Seconds from each warm version to the next."""
    return [after - before for (before, _), (after, _) in pairwise(marks[warm_up:])]
