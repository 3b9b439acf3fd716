"""A whole training in one process: the functions' own work in their order, without events.

The same calls give the same bits, so a version's policy has the SHA-256 that the pipeline gives it.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from faastraingym.algorithms import registry, rewards
from faastraingym.algorithms.actors.collect import collect_from
from faastraingym.algorithms.actors.episodes import env_steps
from faastraingym.algorithms.actors.initial_state import beginning
from faastraingym.algorithms.actors.step_loop import Start
from faastraingym.algorithms.replay import ring
from faastraingym.algorithms.timing import Stopwatch
from faastraingym.events.pipeline import planning
from faastraingym.schemas.messages import UpdatePlan
from faastraingym.schemas.payloads import LearnerState, Policy, Rewards, Trajectory
from faastraingym.schemas.specification import RunSpec


class Version(NamedTuple):
    """One update."""

    policy: Policy
    env_steps: int  # that it and the versions before have learnt from
    plan: UpdatePlan  # of the update that made it
    staleness: int  # updates between the policy that acted and the one that learnt
    learner: LearnerState


class Acting(NamedTuple):
    """A policy, and the steps that it has learnt from."""

    policy: Policy
    env_steps: int


def versions(spec: RunSpec, begun: LearnerState | None = None) -> Iterator[Version]:
    """Every version from 1 on, until the budget is spent; the target is the caller's matter.

    Args:
        begun: what a copy of another run begins with, its version 0; None: as the seed says.
    """
    learner = registry.learner(spec)
    state, window = begun or learner.initialise(spec), ring.of_run(spec)
    first = Acting(learner.project(state), state.env_steps)
    policies = deque([first], maxlen=spec.rollout.max_policy_lag + 1)
    stands: Sequence[Start | None] = [None] * spec.rollout.count
    batch: Sequence[Trajectory | None] = [None] * spec.rollout.count
    transformed: Rewards | None = None
    last = False
    while not last:
        version, before = state.version, state.env_steps
        acting = policies[0]
        batch, stands = collected(spec, version, acting, batch, stands)
        plan = planning.update_plan(spec, version, before, sum(map(env_steps, batch)))
        if spec.reward:
            transformed = rewards.transform(spec, batch, transformed)
        given = None if transformed is None else transformed.rewards
        if window:
            window.write(version, batch, given)
        state, _ = learner.update(spec, state, batch, given, plan, window)
        policies.append(Acting(learner.project(state), state.env_steps))
        yield Version(*policies[-1], plan, version - acting.policy.version, state)
        last = plan.rollouts == 0


def collected(
    spec: RunSpec,
    version: int,
    acting: Acting,
    before: Sequence[Trajectory | None],
    stands: Sequence[Start | None],
) -> tuple[list[Trajectory], list[Start | None]]:
    """The batch from which `version` learns, and where its environments stand.

    Whole episodes begin anew, in environments that take over what the ones before remember.
    """
    explored = planning.learning_plan(spec, acting.env_steps).exploration
    batch: list[Trajectory] = []
    after: list[Start | None] = []
    for slot, (previous, stand) in enumerate(zip(before, stands, strict=True)):
        start = stand or beginning(spec, version, slot, previous)
        made, stood = collect_from(start, spec, acting.policy, slot, Stopwatch(), explored)
        batch.append(made)
        after.append(stood if spec.rollout.horizon == "steps" else None)
    return batch, after
