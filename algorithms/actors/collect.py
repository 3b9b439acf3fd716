"""One rollout: environments of one slot, acted in by one policy version."""

from collections.abc import Mapping

import numpy as np
from msgspec import UNSET

from faastraingym.algorithms import registry, seeding, statistics
from faastraingym.algorithms.actors.episodes import Tally
from faastraingym.algorithms.actors.initial_state import beginning, place
from faastraingym.algorithms.actors.step_loop import Start, Steps, play, play_episodes
from faastraingym.algorithms.environments.finite import refuse_non_finite, refuse_observations
from faastraingym.algorithms.environments.observations import features, last
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.timing import Stopwatch
from faastraingym.schemas.payloads import Continuation, Policy, Trajectory
from faastraingym.schemas.specification import RunSpec


def collect(
    spec: RunSpec,
    policy: Policy,
    index: int,
    previous: Trajectory | None,
    watch: Stopwatch | None = None,
    lag: int = 0,
    exploration: Mapping[str, float] = {},
) -> Trajectory:
    """The trajectory of slot `index` under `policy`, the same bits on every call.

    Args:
        spec, policy, index, exploration: as `collect_from` takes them.
        previous: the slot's trajectory before this one, to go on from when the horizon is
            `steps`, or to take over carried memory; none: the environments are reset.
        watch: adds up the environments' time.
        lag: updates between `policy` and the one that learns. One policy may act for two versions
            to learn from; their fresh resets differ.

    Raises:
        EnvironmentFailed: as `collect_from`; also an environment that cannot be continued.
    """
    watch = watch or Stopwatch()
    start = watch.time(beginning, spec, policy.version + lag, index, previous)
    return collect_from(start, spec, policy, index, watch, exploration)[0]


def collect_from(
    start: Start,
    spec: RunSpec,
    policy: Policy,
    index: int,
    watch: Stopwatch,
    exploration: Mapping[str, float] = {},
) -> tuple[Trajectory, Start]:
    """The trajectory of slot `index` from `start` on, and where its environments then stand.

    `start` is used up: its environments and its generator move on. `exploration` is the
    algorithm's plan for the acting version.

    Raises:
        EnvironmentFailed: the environment raised (its exception is the cause), or gave a number
            that is not finite.
    """
    info = watch.time(describe, spec)
    actor = registry.acting(spec).actor(spec, policy, info, exploration)
    where = place(spec, policy.version, index)
    memory = UNSET if start.memory is None else start.memory.copy()
    if spec.rollout.horizon == "steps":
        steps = play(start, actor, info, spec.rollout.num_steps, None, where, watch)
    else:
        steps = play_episodes(start, actor, info, spec.rollout.num_episodes, where, watch)
    valid = _valid(spec, steps, start.ended)
    terminated, truncated = steps.terminated & valid, steps.truncated & valid
    learnt = _learnt(valid, terminated)
    refuse_observations(steps.observations, info, learnt, where, -1)
    # of flat floats always: trajectories keep the bytes that they had
    is_flat = not info.leaves and np.dtype(info.observation_dtype).kind == "f"
    seen = None
    if spec.algorithm.normalize_observations or is_flat:
        seen = features(steps.observations, info)
    refuse_non_finite("reward", steps.rewards, valid, where, 0)
    refuse_non_finite("reward", steps.own, valid, where, 0)
    rewards, own = (np.where(valid, r, np.float32(0.0)) for r in (steps.rewards, steps.own))
    tally = Tally(start.returns, start.lengths)
    tally.count(own, valid, terminated | truncated)
    end = start._replace(
        observations=last(steps.observations),
        ended=terminated[-1] | truncated[-1],
        returns=tally.returns,
        lengths=tally.lengths,
    )
    trajectory = Trajectory(
        version=policy.version,
        index=index,
        observations=steps.observations,
        actions=steps.actions,
        extras=actor.extras(steps.outputs, steps.actions),
        rewards=rewards,
        terminated=terminated,
        truncated=truncated,
        valid=valid,
        episode_returns=np.array(tally.finished_returns, np.float64),
        episode_lengths=np.array(tally.finished_lengths, np.int32),
        statistics=None if seen is None else statistics.of_batch(seen[:-1][valid]),
        continuation=_continuation(end) if _continues(spec) else None,
        actor_memory=memory,
    )
    return trajectory, end


def _learnt(valid: np.ndarray, terminated: np.ndarray) -> np.ndarray:
    """Which observations are learnt from, [T+1, B]: a terminal one has no part in anything."""
    learnt = np.zeros((len(valid) + 1, valid.shape[1]), np.bool_)
    learnt[:-1] = valid
    learnt[1:] |= valid & ~terminated
    return learnt


def _valid(spec: RunSpec, steps: Steps, ended_before: np.ndarray) -> np.ndarray:
    """Which transitions count, [T, B]: no resets, nothing after the last episode asked for."""
    ended = steps.terminated | steps.truncated
    valid = ~np.concatenate([ended_before[None], ended[:-1]])
    if spec.rollout.horizon == "episodes":
        ended_so_far = np.cumsum(ended, axis=0) - ended
        valid &= ended_so_far < spec.rollout.num_episodes
    return valid


def _continues(spec: RunSpec) -> bool:
    """Whole episodes begin anew, and hand on at the most what their environments remember."""
    return spec.rollout.horizon == "steps" or spec.environment.memory == "carry"


def _continuation(end: Start) -> Continuation:
    continuation: Continuation = {
        "origin": end.origin,
        "fleet": end.vector.snapshot(),
        "generator": seeding.pack_generator(end.generator),
        "returns": end.returns,
        "lengths": end.lengths,
    }
    if end.memory is not None:
        continuation["actor_memory"] = end.memory.copy()  # the next rollout moves it on
    return continuation
