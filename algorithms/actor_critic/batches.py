"""Trajectories become the arrays of one update, whose shape stays the same during a run."""

from typing import NamedTuple

import numpy as np
from msgspec import UNSET

from faastraingym.algorithms.environments.observations import compact, of_any_version
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.footprint import padded
from faastraingym.schemas.payloads import Arrays, Trajectory


class Batch(NamedTuple):
    """The input of an update: B environments side by side, in index order."""

    observations: np.ndarray  # [T+1, B, O] float32, or uint8 as images are; not normalised
    actions: np.ndarray  # [T, B, ...]
    extras: Arrays  # [T, B, ...] each
    rewards: np.ndarray  # [T, B] float32
    terminated: np.ndarray  # [T, B] bool
    truncated: np.ndarray  # [T, B] bool
    valid: np.ndarray  # [T, B] bool
    memory: np.ndarray | None = None  # [B, M] float32, before the first step
    masks: np.ndarray | None = None  # [T, B, M] bool, of the actions that are valid


def assemble(
    trajectories: list[Trajectory], rewards: list[np.ndarray] | None, pad: bool, info: SpaceInfo
) -> Batch:
    """The trajectories of one policy version side by side, in index order.

    `rewards` are in the order of `trajectories`; none: the environment's own. `pad` adds
    transitions that are not valid up to the next power of two in time, so that whole episodes of
    any length compile only a few shapes.
    """
    own = [t.rewards for t in trajectories] if rewards is None else rewards
    pairs = sorted(zip(trajectories, own, strict=True), key=lambda pair: pair[0].index)
    longest = max(len(t.rewards) for t in trajectories)
    steps = padded(longest) if pad else longest

    def side_by_side(parts: list[np.ndarray], length: int) -> np.ndarray:
        return np.concatenate([_padded(part, length) for part in parts], axis=1)

    ordered = [t for t, _ in pairs]
    names = ordered[0].extras
    mask = info.mask
    return Batch(
        observations=side_by_side(
            [compact(of_any_version(t.observations, info), info) for t in ordered], steps + 1
        ),
        actions=side_by_side([t.actions for t in ordered], steps),
        extras={n: side_by_side([t.extras[n] for t in ordered], steps) for n in names},
        rewards=side_by_side([r for _, r in pairs], steps),
        terminated=side_by_side([t.terminated for t in ordered], steps),
        truncated=side_by_side([t.truncated for t in ordered], steps),
        valid=side_by_side([t.valid for t in ordered], steps),
        memory=_memory(ordered),
        masks=None
        if mask is None
        else side_by_side([t.observations[mask.path][:-1] for t in ordered], steps),
    )


def _memory(ordered: list[Trajectory]) -> np.ndarray | None:
    """That of the policies which acted; of a policy that remembers nothing: none."""
    found = [t.actor_memory for t in ordered if t.actor_memory is not UNSET]
    return np.concatenate(found) if found else None


def _padded(part: np.ndarray, length: int) -> np.ndarray:
    missing = np.zeros((length - len(part), *part.shape[1:]), part.dtype)
    return np.concatenate([part, missing]) if len(missing) else part
