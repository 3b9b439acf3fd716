"""Prioritised replay: a transition is drawn in proportion to the size of its last error.

Schaul et al. 2016, arXiv 1511.05952. Priorities are learner state, committed with it. An update
draws the samples of all its gradient steps by the priorities that it began with, so that it stays
one compiled program.
"""

from typing import NamedTuple

import numpy as np

from faastraingym.algorithms.replay import window
from faastraingym.algorithms.replay.ring import Ring
from faastraingym.algorithms.replay.window import Window

LEAST = np.float32(1e-6)  # of a transition without an error: it may be drawn again


class Drawn(NamedTuple):
    """Transitions for G gradient steps of N samples each."""

    numbers: np.ndarray  # [G, N] int64
    weights: np.ndarray  # [G, N] float32, at most 1, against the bias of sampling


def enter(priorities: np.ndarray, version: int, valid: np.ndarray) -> np.ndarray:
    """The priorities, [R, S, T, B] float32, with those of a new version, `valid` [S, T, B].

    A transition that nobody has learnt from yet has the greatest priority of all, or 1; a reset's
    pseudo-transition has none.
    """
    entered = priorities.copy()
    entered[version % len(entered)] = np.where(valid, priorities.max() or np.float32(1.0), 0.0)
    return entered


def entered(priorities: np.ndarray, of: Window, ring: Ring) -> np.ndarray:
    """As `enter`, of the newest version in a window; of version 0 after those of a dataset."""
    first = of.versions.first if of.versions.last == 0 else of.versions.last
    for version in range(first, of.versions.last + 1):
        priorities = enter(priorities, version, ring.of_version(version, "valid"))
    return priorities


def draw(
    of: Window,
    priorities: np.ndarray,
    exponent: float,
    correction: float,
    run_seed: int,
    version: int,
    batches: int,
    size: int,
) -> Drawn:
    """Samples of `version`, as `window.draw`: one of each of N equal shares of all priorities."""
    shares = _of_window(of, priorities).ravel().astype(np.float64) ** exponent
    shares[_of_window(of, priorities).ravel() == 0.0] = 0.0  # 0 ** 0 is 1
    reached = np.cumsum(shares)
    places = np.arange(size) + window.generator(run_seed, version).random((batches, size))
    points = np.minimum(places / size * reached[-1], np.nextafter(reached[-1], 0.0))
    numbers = np.searchsorted(reached, points, side="right")
    odds = shares[numbers] / reached[-1] * np.count_nonzero(shares)
    weights = odds**-correction
    return Drawn(numbers, (weights / weights.max(axis=1, keepdims=True)).astype(np.float32))


def learnt(
    of: Window, priorities: np.ndarray, numbers: np.ndarray, errors: np.ndarray
) -> np.ndarray:
    """The priorities after an update: |error| of what was drawn, the last one if several times."""
    version, *place = np.unravel_index(numbers.ravel(), of.shape)
    row = (version + of.versions.first) % len(priorities)
    after = priorities.copy()
    after[(row, *place)] = np.abs(errors.ravel()) + LEAST
    return after


def _of_window(of: Window, priorities: np.ndarray) -> np.ndarray:
    versions = np.arange(of.versions.first, of.versions.last + 1)
    return priorities[versions % len(priorities)]
