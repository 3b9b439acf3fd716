"""Returns of several steps, that stop where an episode does."""

from typing import NamedTuple

import numpy as np


class Ahead(NamedTuple):
    """What K transitions and those after them lead to."""

    returns: np.ndarray  # [K] float32: r_0 + gamma r_1 + ... + gamma^(m-1) r_(m-1)
    steps: np.ndarray  # [K] int64: m, the steps that were taken, 1 at the least
    discounts: np.ndarray  # [K] float32: gamma^m, and 0 after a termination


def ahead(
    rewards: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    inside: np.ndarray,
    gamma: float,
) -> Ahead:
    """The n-step returns of K transitions (Sutton and Barto 2018, equation 7.1).

    A return stops after the step that ends an episode, and where the window does. Then m < n, and
    the target bootstraps from the observation after m steps, by gamma^m: after a truncation that is
    the episode's final one; after a termination nothing is added.

    Args:
        rewards, terminated, truncated: of each transition and of those that follow, [n, K].
        inside: whether they are in the window, [n, K]; the first are.
        gamma: the discount.
    """
    ended = terminated | truncated
    going = np.ones(rewards.shape, np.bool_)  # before an episode's end
    np.logical_and.accumulate(~ended[:-1], axis=0, out=going[1:])
    going &= inside
    powers = np.float32(gamma) ** np.arange(len(rewards) + 1, dtype=np.float32)
    steps = going.sum(axis=0)
    returns = np.where(going, rewards * powers[:-1, None], np.float32(0.0)).sum(axis=0)
    final = (terminated & going).any(axis=0)
    return Ahead(returns, steps, np.where(final, np.float32(0.0), powers[steps]))
