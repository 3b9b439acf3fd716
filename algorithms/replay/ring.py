"""The transitions of a window as arrays, so that a sample is one look-up in each."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from faastraingym.algorithms import registry
from faastraingym.algorithms.replay.layout import Places
from faastraingym.algorithms.replay.targets import ahead
from faastraingym.algorithms.replay.window import Window
from faastraingym.schemas.messages import VersionRange
from faastraingym.schemas.payloads import Arrays, Stream, Trajectory
from faastraingym.schemas.specification import RunSpec

SEEN, NEXT = "observations", "next_observations"
NONE = np.iinfo(np.int64).min  # no version: those below 0 are a dataset's


class Ring:
    """The trajectories of the newest R versions; the next one takes the place of the oldest.

    A learner's copy of objects in the store: it is made again from them, and no result depends on
    it. Everything has the dtype that trajectories have, and each observation is there once.
    """

    def __init__(self, rows: int) -> None:
        self._versions = np.full(rows, NONE)
        self._columns: Arrays = {}  # [R, S, T, B, ...]; of observations [R, S, T+1, B, ...]

    @property
    def nbytes(self) -> int:
        """The size of its arrays."""
        return sum(column.nbytes for column in self._columns.values())

    def missing(self, versions: VersionRange) -> list[int]:
        """The versions that are not here."""
        asked = range(versions.first, versions.last + 1)
        return [v for v in asked if self._versions[v % len(self._versions)] != v]

    def write(
        self, version: int, batch: Sequence[Trajectory], rewards: Sequence[np.ndarray] | None
    ) -> None:
        """Take a version's trajectories, one of each slot; `rewards` are as `Learner.update`'s."""
        row = version % len(self._versions)
        self._versions[row] = NONE
        own = [t.rewards for t in batch] if rewards is None else rewards
        for trajectory, earned in zip(batch, own, strict=True):
            for name, values in _columns(trajectory, earned).items():
                if name not in self._columns:
                    shape = (len(self._versions), len(batch), *values.shape)
                    self._columns[name] = np.empty(shape, values.dtype)
                self._columns[name][row, trajectory.index] = values
        self._versions[row] = version

    def pour(self, stream: Stream, places: Places, first: int) -> None:
        """Take a part of a dataset, once the trajectories of a version are here.

        Args:
            stream: has the columns of trajectories, counted and rescaled as theirs.
            places: of its entries; those in versions before `first` are left out.
        """
        kept = places.is_kept & (places.version >= first)
        at = places.version % len(self._versions), places.slot, places.step, places.environment
        row, slot, step, environment = (index[kept] for index in at)
        ends = step == self._columns["valid"].shape[2] - 1  # the observation after is stored, too
        for name, values in _columns(stream, stream.rewards).items():
            column = self._columns[name]
            column[row, slot, step, environment] = values[kept]
            if name.startswith(SEEN):  # a part ends with a final observation, which nothing follows
                after = np.concatenate([values[1:], values[-1:]])[kept]
                column[row[ends], slot[ends], step[ends] + 1, environment[ends]] = after[ends]
        self._columns["truncated"][row, slot, step, environment] |= (
            places.is_last[kept] & stream.valid[kept]
        )

    def poured(self, versions: Iterable[int]) -> None:
        """All entries of these versions of a dataset are here."""
        for version in versions:
            self._versions[version % len(self._versions)] = version

    def of_version(self, version: int, name: str) -> np.ndarray:
        """A column of one version, [S, T, B, ...]; of observations [S, T+1, B, ...]."""
        return np.asarray(self._columns[name][version % len(self._versions)])

    def gather(self, of: Window, drawn: np.ndarray, n_step: int, gamma: float) -> Arrays:
        """The transitions whose numbers were drawn, [G, N], as arrays [G, N, ...].

        Where `valid` is false a reset's pseudo-transition was drawn, which counts for nothing. A
        transition leads up to `n_step` steps ahead (`targets.ahead`): `returns`, `discounts`, and
        `next_observations`, final ones included. Observations that count for nothing are 0: a
        terminal one may be NaN, and stays NaN where a loss masks it.
        """
        length, _, steps, _ = of.shape
        version, slot, t, environment = np.unravel_index(drawn.ravel(), of.shape)
        times = version * steps + t + np.arange(n_step)[:, None]  # a slot's versions in a row
        inside = times < length * steps

        def place(time: np.ndarray) -> tuple[np.ndarray, ...]:
            later, within = np.divmod(np.minimum(time, length * steps - 1), steps)
            return (later + of.versions.first) % len(self._versions), slot, within, environment

        columns = self._columns
        rewards, terminated, truncated = (
            columns[name][place(times)] for name in ("rewards", "terminated", "truncated")
        )
        found = ahead(rewards, terminated, truncated, inside, gamma)
        row, _, last, _ = place(times[0] + found.steps - 1)
        gathered = {"returns": found.returns, "discounts": found.discounts}
        is_valid = columns["valid"][place(times[0])]
        for name, column in columns.items():
            gathered[name] = column[place(times[0])]
            if name.startswith(SEEN):
                after = column[row, slot, last + 1, environment]
                after[found.discounts == 0.0] = 0
                gathered[name][~is_valid] = 0
                gathered[NEXT + name.removeprefix(SEEN)] = after
        return {
            n: column.reshape(*drawn.shape, *column.shape[1:]) for n, column in gathered.items()
        }


def rows(spec: RunSpec) -> int:
    """The versions of a run's whole window; 1: its algorithm replays nothing but the batch."""
    return registry.rules(spec).replayed_versions(spec) + 1


def of_run(spec: RunSpec) -> Ring | None:
    """Room for a run's whole window; None: its algorithm does not replay."""
    return Ring(rows(spec)) if rows(spec) > 1 else None


def observations(gathered: Arrays, name: str) -> Any:
    """Those of `gathered`, `name` or `name`/<path> each, as trajectories hold them."""
    if name in gathered:
        return gathered[name]
    return {
        path: part
        for key, part in gathered.items()
        if (path := key.removeprefix(f"{name}/")) != key
    }


def _columns(steps: Trajectory | Stream, rewards: np.ndarray) -> Arrays:
    seen = steps.observations
    named = (
        {f"{SEEN}/{key}": values for key, values in seen.items()} if isinstance(seen, dict) else {}
    )
    return {
        **(named or {SEEN: seen}),
        "actions": steps.actions,
        "rewards": rewards,
        "terminated": steps.terminated,
        "truncated": steps.truncated,
        "valid": steps.valid,
        **(steps.extras if isinstance(steps, Trajectory) else {}),
    }
