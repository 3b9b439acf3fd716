"""A window of trajectories, and samples of it.

The trajectories of a run never change, so a range of versions defines the window's content, and a
sample is a pure function of the window, the run's seed and the version that learns: a retry or
another machine samples the same transitions (ADR 38).
"""

from typing import NamedTuple

import numpy as np

from faastraingym.algorithms import seeding
from faastraingym.algorithms.replay.specification import dataset_versions, replayed_versions
from faastraingym.schemas.messages import VersionRange
from faastraingym.schemas.specification import RunSpec


class Window(NamedTuple):
    """Trajectories of T steps of B environments: every slot's of each version.

    Versions below 0 are a dataset's, with which the run began.
    """

    versions: VersionRange
    slots: int
    steps: int  # T
    num_envs: int  # B

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """[V, S, T, B]: versions, slots, steps and environments."""
        length = self.versions.last - self.versions.first + 1
        return length, self.slots, self.steps, self.num_envs

    @property
    def transitions(self) -> int:
        """The number of transitions, resets' pseudo-transitions included."""
        return int(np.prod(self.shape))


def window(spec: RunSpec, versions: VersionRange) -> Window:
    """The window of a run, to whose specification `problems` has no objection.

    Args:
        spec: of the run, which may begin with a dataset.
        versions: the run's own in it.
    """
    rollout = spec.rollout
    first, before = versions.first, dataset_versions(spec)
    if before and first == 0:
        first = max(-before, min(0, versions.last - replayed_versions(spec)))
    whole = VersionRange(first=first, last=versions.last)
    return Window(whole, rollout.count, rollout.num_steps, spec.environment.num_envs)


def ring_shape(spec: RunSpec) -> tuple[int, int, int, int]:
    """[R, S, T, B] of the arrays in which a whole window has its place, version v in row v % R."""
    return window(spec, VersionRange(first=0, last=replayed_versions(spec))).shape


def draw(of: Window, run_seed: int, version: int, batches: int, size: int) -> np.ndarray:
    """N = `size` transitions for each of G = `batches` gradient steps of `version`, [G, N] int64.

    They are drawn uniformly, with replacement, and are numbers of transitions, counted through
    versions, slots, steps and environments.
    """
    return generator(run_seed, version).integers(0, of.transitions, (batches, size))


def generator(run_seed: int, version: int) -> np.random.Generator:
    """Of the samples that the update of `version` draws."""
    return seeding.generator(run_seed, "replay", version)
