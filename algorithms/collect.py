"""One rollout: environments of one slot, acted in by one policy version."""

import numpy as np

from algorithms import seeding, statistics
from algorithms.acting import Actor, encode
from algorithms.episodes import Tally
from algorithms.errors import EnvironmentFailed
from algorithms.finite import refuse_non_finite
from algorithms.playing import Start, Steps, play, play_episodes
from algorithms.space_info import SpaceInfo, describe
from algorithms.timing import Stopwatch
from algorithms.vectors import Fleet, Seeds
from schemas.payloads import Continuation, Policy, Trajectory
from schemas.specification import RunSpec


def collect(
    spec: RunSpec,
    policy: Policy,
    index: int,
    previous: Trajectory | None,
    watch: Stopwatch | None = None,
    lag: int = 0,
) -> Trajectory:
    """What slot `index` sees under `policy`, the same bits on every call.

    Args:
        spec: the run.
        policy: parameters and frozen observation statistics.
        index: the slot.
        previous: the slot's trajectory before this one, to go on from when the horizon is
            `steps`; none: the environments are reset.
        watch: adds up what the environments take.
        lag: updates between `policy` and the one that learns. One policy may act for two versions
            to learn from; what they begin afresh differs.

    Raises:
        EnvironmentFailed: the environment raised (its exception is the cause), gave a number that
            is not finite, or cannot be continued.
    """
    watch = watch or Stopwatch()
    actor = Actor(policy, spec.algorithm.activation, watch.time(describe, spec))
    where = f"{spec.environment.id}, policy version {policy.version}, slot {index}"
    start = watch.time(_start, spec, policy.version + lag, index, previous, actor.info, where)
    if spec.rollout.horizon == "steps":
        steps = play(start, actor, spec.rollout.num_steps, None, where, watch)
    else:
        steps = play_episodes(start, actor, spec.rollout.num_episodes, where, watch)
    valid = _valid(spec, steps, start.ended)
    terminated, truncated = steps.terminated & valid, steps.truncated & valid
    refuse_non_finite("observation", steps.observations, _learnt(valid, terminated), where, -1)
    refuse_non_finite("reward", steps.rewards, valid, where, 0)
    rewards = np.where(valid, steps.rewards, np.float32(0.0))
    tally = Tally(start.returns, start.lengths)
    tally.count(rewards, valid, terminated | truncated)
    return Trajectory(
        version=policy.version,
        index=index,
        observations=steps.observations,
        actions=steps.actions,
        log_probs=actor.log_probs(steps.outputs, steps.actions),
        rewards=rewards,
        terminated=terminated,
        truncated=truncated,
        valid=valid,
        episode_returns=np.array(tally.finished_returns, np.float64),
        episode_lengths=np.array(tally.finished_lengths, np.int32),
        statistics=statistics.of_batch(steps.observations[:-1][valid]),
        continuation=_continuation(start, tally) if spec.rollout.horizon == "steps" else None,
    )


def _start(
    spec: RunSpec,
    version: int,
    index: int,
    previous: Trajectory | None,
    info: SpaceInfo,
    where: str,
) -> Start:
    """Where slot `index` goes on, or a fresh reset."""
    num_envs = spec.environment.num_envs
    continued = spec.rollout.horizon == "steps" and previous is not None
    data = previous.continuation if continued and previous is not None else None
    origin = version if data is None else data["origin"]
    seeds = Seeds(spec.seed, "reset", (origin, index))
    fleet = Fleet(spec.environment, num_envs, seeds)
    try:
        if data is None or previous is None:
            return Start(
                fleet=fleet,
                observations=encode(fleet.reset(), info),
                generator=seeding.generator(spec.seed, "action", origin, index),
                ended=np.zeros(num_envs, np.bool_),
                returns=np.zeros(num_envs),
                lengths=np.zeros(num_envs, np.int32),
                origin=origin,
            )
        replayed = {i: encode([seen], info)[0] for i, seen in fleet.resume(data["fleet"]).items()}
    except Exception as error:  # foreign code may raise anything
        raise EnvironmentFailed(f"{where}, reset: {type(error).__name__}: {error}") from error
    _check_replay(replayed, previous.observations[-1], where)
    return Start(
        fleet=fleet,
        observations=previous.observations[-1],
        generator=seeding.unpack_generator(data["generator"]),
        ended=previous.terminated[-1] | previous.truncated[-1],
        returns=data["returns"],
        lengths=data["lengths"],
        origin=origin,
    )


def _check_replay(replayed: dict[int, np.ndarray], expected: np.ndarray, where: str) -> None:
    """Holds each replayed environment's observation [O], bit for bit, to the one it stood at."""
    for i, seen in replayed.items():
        if seen.astype(np.float32).tobytes() != expected[i].tobytes():
            raise EnvironmentFailed(
                f"{where}, environment {i}: replaying its actions did not reproduce the "
                "observation: the environment is not determined by its seed; use "
                'rollout.horizon = "episodes"'
            )


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


def _continuation(start: Start, tally: Tally) -> Continuation:
    return {
        "origin": start.origin,
        "fleet": start.fleet.standing(),
        "generator": seeding.pack_generator(start.generator),
        "returns": tally.returns,
        "lengths": tally.lengths,
    }
