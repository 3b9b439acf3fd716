"""Deterministic episodes of one policy version, apart from training."""

import numpy as np

from algorithms.acting import Actor, encode
from algorithms.errors import EnvironmentFailed
from algorithms.finite import refuse_non_finite
from algorithms.playing import MAX_STEPS
from algorithms.space_info import describe
from algorithms.timing import Stopwatch
from algorithms.vectors import Fleet, Seeds
from schemas.payloads import Evaluation, Policy
from schemas.specification import RunSpec

MAX_ENVS = 32  # stepped together


def evaluate(spec: RunSpec, policy: Policy, watch: Stopwatch | None = None) -> Evaluation:
    """Plays `spec.evaluation.episodes` episodes with the most probable actions.

    Returns are the environment's own, undiscounted: no reward transform applies. Each environment
    plays one episode, so that short episodes are not preferred. `watch` adds up
    what the environments take.

    Raises:
        EnvironmentFailed: the environment raised, gave a number that is not finite, or an episode
            does not end.
    """
    watch = watch or Stopwatch()
    actor = Actor(policy, spec.algorithm.activation, watch.time(describe, spec))
    total = spec.evaluation.episodes
    sizes = [min(MAX_ENVS, total - begin) for begin in range(0, total, MAX_ENVS)]
    parts = [_episodes(spec, policy.version, actor, i, size, watch) for i, size in enumerate(sizes)]
    returns, lengths = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Evaluation(version=policy.version, returns=returns, lengths=lengths)


def _episodes(
    spec: RunSpec, version: int, actor: Actor, chunk: int, num_envs: int, watch: Stopwatch
) -> tuple[np.ndarray, np.ndarray]:
    """Returns [B] float64 and lengths [B] int32 of the first episode of each environment."""
    where = f"{spec.environment.id}, evaluation of policy version {version}"
    seeds = Seeds(spec.seed, "evaluation", (version, chunk))
    fleet = watch.time(Fleet, spec.environment, num_envs, seeds)
    returns, lengths = np.zeros(num_envs), np.zeros(num_envs, np.int32)
    going = np.ones(num_envs, np.bool_)
    t = 0
    try:
        observations = watch.time(fleet.reset)
        while going.any() and t < MAX_STEPS:
            seen = encode(observations, actor.info).astype(np.float32)
            refuse_non_finite("observation", seen[None], going[None], where, t - 1)
            actions = actor.sent(actor.deterministic(actor.outputs(seen)))
            observations, rewards, terminated, truncated, _ = watch.time(fleet.vector.step, actions)
            refuse_non_finite("reward", rewards[None], going[None], where, t)
            returns += np.where(going, rewards, 0.0)
            lengths += going
            going &= ~(terminated | truncated)
            t += 1
    except EnvironmentFailed:
        raise
    except Exception as error:  # foreign code may raise anything
        raise EnvironmentFailed(f"{where}, step {t}: {type(error).__name__}: {error}") from error
    if going.any():
        raise EnvironmentFailed(f"{where}: an episode did not end in {MAX_STEPS} steps")
    return returns, lengths
