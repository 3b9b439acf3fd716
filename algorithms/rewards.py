"""Reward transforms of a specification: scale, clip, normalize, potential; applied in order.

A function of one's own, the first of them, is asked elsewhere; its answer is checked here.
"""

from collections.abc import Sequence

import numpy as np

from faastraingym.algorithms import statistics
from faastraingym.schemas.array_specs import ArraySpec, check_array
from faastraingym.schemas.errors import PayloadError, RunFault
from faastraingym.schemas.payloads import NormalizeState, Rewards, Statistics, Trajectory
from faastraingym.schemas.specification import Clip, Function, Normalize, Potential, RunSpec, Scale

State = dict[str, NormalizeState]


def answered(
    function: Function, batch: Sequence[Trajectory], given: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """The rewards that a function answered for a batch: [T, B] float32 each.

    Raises:
        RunFault: it answered other shapes, or what is not finite where a transition counts.
    """
    who = f"the reward function {function.name}"
    if len(given) != len(batch):
        raise RunFault(
            f"{who} answered {len(given)} arrays; allowed: {len(batch)}, one for each trajectory"
        )
    for i, (rewards, trajectory) in enumerate(zip(given, batch, strict=True)):
        try:
            check_array(f"rewards[{i}]", rewards, ArraySpec("<f4", *trajectory.rewards.shape))
        except PayloadError as error:
            raise RunFault(f"{who}, version {trajectory.version}: {error}") from None
        wrong = np.argwhere(trajectory.valid & ~np.isfinite(rewards))
        if len(wrong):
            t, b = wrong[0]
            raise RunFault(
                f"{who}, version {trajectory.version}: rewards[{i}][{t}, {b}]: found "
                f"{rewards[t, b]}; allowed: finite numbers, [step, environment]"
            )
    return list(given)


def transform(
    spec: RunSpec,
    batch: list[Trajectory],
    previous: Rewards | None,
    given: Sequence[np.ndarray] | None = None,
) -> Rewards:
    """The transformed rewards of a version's batch, and the state for the next version's.

    `batch` is whole and in index order; `previous` is the result of the version before; `given` are
    the rewards that a function answered, instead of the environment's. Rewards are one [T, B]
    float32 array per trajectory, 0 on transitions that do not count.

    Raises:
        RunFault: a function gives the rewards, and nobody asked it.
    """
    if spec.reward_function and given is None:
        raise RunFault(f"the reward function {spec.reward_function.name} was not asked")
    plain = [t.rewards for t in batch] if given is None else given
    rewards = [
        np.where(t.valid, r.astype(np.float64), 0.0) for r, t in zip(plain, batch, strict=True)
    ]
    before = previous.state if previous else {}
    state: State = {}
    for i, step in enumerate(spec.reward):
        match step:
            case Scale():
                rewards = [r * step.factor for r in rewards]
            case Clip():
                rewards = [np.clip(r, step.low, step.high) for r in rewards]
            case Potential():
                gamma = spec.algorithm.gamma
                rewards = [r + shaping(step, gamma, t) for r, t in zip(rewards, batch, strict=True)]
            case Normalize():
                rewards, state[str(i)] = normalize(step, spec, batch, rewards, before.get(str(i)))
    masked = [
        np.where(t.valid, r, 0.0).astype(np.float32) for r, t in zip(rewards, batch, strict=True)
    ]
    return Rewards(version=batch[0].version, rewards=masked, state=state)


def shaping(step: Potential, gamma: float, trajectory: Trajectory) -> np.ndarray:
    """F_t = gamma phi(s_{t+1}) - phi(s_t), [T, B]; phi is 0 where the episode terminated.

    A truncated episode would have gone on, so there phi of the final observation counts
    (Ng, Harada, Russell 1999).
    """
    potentials = potential(step, _elements(step, trajectory))
    following = np.where(trajectory.terminated, 0.0, potentials[1:])
    return np.where(trajectory.valid, gamma * following - potentials[:-1], 0.0)


def _elements(step: Potential, trajectory: Trajectory) -> np.ndarray:
    """Observations as numbers, [T+1, B, O]: flat, or one-hot where they are numbers of states."""
    seen = trajectory.observations
    if not isinstance(seen, np.ndarray):
        raise RunFault("a potential reads one array of observations, and not several by name")
    if seen.ndim == 2 and seen.dtype.kind in "iu":
        states = np.arange(max(len(step.weights), len(step.squares)))
        return np.asarray(seen[..., None] == states)
    return np.asarray(seen.reshape(*seen.shape[:2], -1))


def potential(step: Potential, observations: np.ndarray) -> np.ndarray:
    """phi(s) = weights . s + squares . s^2, [...] of observations [..., O]."""
    wide = observations.astype(np.float64)
    total = np.zeros(wide.shape[:-1])
    if step.weights:
        total += wide @ np.asarray(step.weights)
    if step.squares:
        total += np.square(wide) @ np.asarray(step.squares)
    return total


def normalize(
    step: Normalize,
    spec: RunSpec,
    batch: list[Trajectory],
    rewards: list[np.ndarray],
    before: NormalizeState | None,
) -> tuple[list[np.ndarray], NormalizeState]:
    """Rewards over the running standard deviation of the discounted return so far, clipped.

    As VecNormalize of Stable-Baselines3, it merges the batch's returns once, in index order, before
    it divides. Where the horizon continues episodes it stores their returns by slot, [B] each; a
    slot that is not in the batch has none, since its next returns would not go on from these.
    """
    before = before or {"count": 0.0, "mean": np.zeros(1), "m2": np.zeros(1), "returns": {}}
    running = Statistics(count=before["count"], mean=before["mean"], m2=before["m2"])
    in_progress: dict[str, np.ndarray] = {}
    for t, r in zip(batch, rewards, strict=True):
        start = before["returns"].get(str(t.index), np.zeros(r.shape[1]))
        returns, last = discounted_returns(t, r, spec.algorithm.gamma, start)
        running = statistics.merge(running, statistics.of_batch(returns[t.valid][:, None]))
        if spec.rollout.horizon == "steps":
            in_progress[str(t.index)] = last
    deviation = np.sqrt(running.m2 / max(running.count, 1.0) + statistics.EPSILON)
    scaled = [np.clip(r / deviation, -step.clip, step.clip) for r in rewards]
    ordered = dict(sorted(in_progress.items()))
    return scaled, {
        "count": running.count, "mean": running.mean, "m2": running.m2, "returns": ordered
    }  # fmt: skip


def discounted_returns(
    trajectory: Trajectory, rewards: np.ndarray, gamma: float, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """R_t = gamma R_{t-1} + r_t, [T, B], begun anew after each end; and R after the last, [B]."""
    returns = np.empty_like(rewards)
    current = start.copy()
    ended = trajectory.terminated | trajectory.truncated
    for t, reward in enumerate(rewards):
        current = np.where(trajectory.valid[t], gamma * current + reward, current)
        returns[t] = current
        current = np.where(ended[t], 0.0, current)
    return returns, current
