"""Actions as trajectories hold them, and as the environment takes them."""

from collections.abc import Callable

import numpy as np

from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.schemas.array_specs import ArraySpec

Sender = Callable[[np.ndarray], np.ndarray]


def kept(info: SpaceInfo) -> ArraySpec:
    """A trajectory's actions: of a Box as sampled, of other spaces counted from 0."""
    return ArraySpec("<f4" if info.continuous else "<i4", "T", "B", *info.action_elements)


def sender(info: SpaceInfo, rescaled: bool = False) -> Sender:
    """A function from kept actions, [B, ...], to those that the environment takes.

    Those of a Box are clipped to its bounds; `rescaled`: -1 to 1 are the bounds of each element
    that has two, and other elements stay as they are.
    """
    if info.continuous:
        return _of_box(info, rescaled)
    if not info.action_elements:
        start = info.action_start
        return lambda actions: np.asarray(actions + start) if start else actions
    starts = np.array(info.action_starts or [0] * info.action_elements[0], info.action_dtype)
    shape = info.action_shape or info.action_elements
    return lambda actions: (actions.astype(starts.dtype) + starts).reshape(len(actions), *shape)


def _of_box(info: SpaceInfo, rescaled: bool) -> Sender:
    low, high = (np.array(bound, info.action_dtype) for bound in (info.low, info.high))
    dtype = low.dtype  # of the space: float32's 0.1 is more than float64's

    def clipped(actions: np.ndarray) -> np.ndarray:
        return np.asarray(np.minimum(np.maximum(actions.astype(dtype, copy=False), low), high))

    def stretched(actions: np.ndarray) -> np.ndarray:
        ratio = (np.minimum(np.maximum(actions.astype(dtype, copy=False), -1), 1) + 1) / 2
        return clipped(np.where(bounded, low + ratio * size, actions))

    bounded = np.isfinite(low) & np.isfinite(high)
    size = np.where(bounded, high, 0) - np.where(bounded, low, 0)
    within = stretched if rescaled else clipped
    shape = info.action_shape
    if shape is None:
        return within
    return lambda actions: within(actions).reshape(len(actions), *shape)


def counted(taken: np.ndarray, info: SpaceInfo) -> np.ndarray:
    """Kept actions, [N, ...], of those that an environment took; of a Box as they are.

    Raises:
        ValueError: one that its space does not contain.
    """
    spec = kept(info)
    flat = np.asarray(taken).reshape(len(taken), *info.action_elements)
    if info.continuous:
        if not np.isfinite(flat).all():
            raise ValueError(f"action {flat[~np.isfinite(flat)][0]} is not finite")
        return flat.astype(spec.dtype)
    choices = np.array(info.action_choices or (2 if info.action_bits else info.action_size))
    found = flat.astype(np.int64) - np.array(info.action_starts or info.action_start)
    outside = (found < 0) | (found >= choices)
    if outside.any():
        raise ValueError(f"action {flat[outside][0]} is not in its space")
    return np.asarray(found, spec.dtype)


def unscaled(actions: np.ndarray, info: SpaceInfo) -> np.ndarray:
    """Kept actions, [N, A] float32, that a rescaled `sender` sends as these: -1 to 1 in bounds."""
    low, high = np.array(info.low), np.array(info.high)
    bounded = np.isfinite(low) & np.isfinite(high)
    size = np.where(bounded, high - np.where(bounded, low, 0), 2)
    ratio = (actions - np.where(bounded, low, 0)) / size
    return np.where(bounded, 2 * ratio - 1, actions).astype(np.float32)


def first(info: SpaceInfo) -> np.ndarray:
    """An action as a new policy's first is: the first of all, or zeros within their bounds."""
    spec = kept(info)
    taken: np.ndarray = sender(info)(np.zeros((1, *info.action_elements), spec.dtype))[0]
    return taken


def drawn(info: SpaceInfo, generator: np.random.Generator, steps: int) -> np.ndarray:
    """Actions as a policy at its beginning sends them, [steps, ...]."""
    shape = (steps, *info.action_elements)
    if info.continuous:
        return sender(info)(generator.standard_normal(shape))
    choices = info.action_choices or (2 if info.action_bits else info.action_size)
    return sender(info)(generator.integers(choices, size=shape))
