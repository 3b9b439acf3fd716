"""The places in a window that the newest entries of a dataset have, as if a run had played them.

The D versions before version 0 have S x B lanes, those of slots and environments, of D x T entries
each. Lane after lane is filled, so that within a lane a transition's successor is the next entry.
"""

from typing import NamedTuple, cast

import numpy as np

from faastraingym.algorithms.replay.specification import (
    DatasetSpec,
    ReplaySpec,
    dataset_versions,
)
from faastraingym.schemas.specification import RunSpec


class Places(NamedTuple):
    """Where entries are; [N] each."""

    version: np.ndarray  # -D to -1
    slot: np.ndarray
    step: np.ndarray
    environment: np.ndarray
    is_kept: np.ndarray  # older ones have no place
    is_last: np.ndarray  # of its lane: version 0's follows, which is none of the dataset's


class Layout(NamedTuple):
    """The places of a dataset of so many entries."""

    versions: int  # D
    slots: int
    steps: int  # T
    num_envs: int
    entries: int

    @property
    def skipped(self) -> int:
        """The oldest entries, which have no place."""
        return self.entries - self.versions * self.slots * self.steps * self.num_envs

    def places(self, begin: int, number: int) -> Places:
        """Those of the entries `begin` to `begin + number - 1`."""
        entries = np.arange(begin, begin + number) - self.skipped
        lane, within = np.divmod(entries, self.versions * self.steps)
        row, step = np.divmod(within, self.steps)
        slot, environment = np.divmod(lane, self.num_envs)
        is_last = within == self.versions * self.steps - 1
        return Places(row - self.versions, slot, step, environment, entries >= 0, is_last)


def layout(spec: RunSpec) -> Layout:
    """Of the dataset with which a run begins."""
    begins = cast(DatasetSpec, cast(ReplaySpec, spec.algorithm).init_from)
    rollout, entries = spec.rollout, cast(int, begins.entries)
    num_envs = spec.environment.num_envs
    return Layout(dataset_versions(spec), rollout.count, rollout.num_steps, num_envs, entries)
