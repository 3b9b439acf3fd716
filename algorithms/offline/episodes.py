"""Whole episodes, put together of trajectories that each hold a part of them: pure."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from faastraingym.algorithms.environments.observations import joined, of_any_version, pick
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.environments.vectors import Seeds, has_own_vector
from faastraingym.schemas.payloads import Trajectory
from faastraingym.schemas.specification import RunSpec


class Part(NamedTuple):
    """L steps of one environment, in the form of trajectories."""

    observations: Any  # [L+1, ...]
    actions: np.ndarray  # [L, ...]
    rewards: np.ndarray  # [L] float32, the environment's own
    terminated: np.ndarray  # [L] bool
    truncated: np.ndarray  # [L] bool


class Episode(NamedTuple):
    """An episode from its reset to its end, where the last observation is the final one."""

    steps: Part
    seed: int | None  # of its reset; None: not known, as of an environment's own vector
    version: int  # that learnt from its end
    slot: int
    environment: int  # in the slot


class Episodes:
    """The whole episodes of a run, whose trajectories come in the order of versions.

    An episode whose beginning or end is in none of them is left out.
    """

    def __init__(self, spec: RunSpec, info: SpaceInfo) -> None:
        self._spec, self._info = spec, info
        self._begun: dict[tuple[int, int], list[Part]] = {}  # by slot and environment
        self.steps = 0  # that counted, in all trajectories

    def add(self, version: int, trajectory: Trajectory) -> Iterator[Episode]:
        """The episodes that end in a trajectory, from which `version` learns."""
        self.steps += int(trajectory.valid.sum())
        seen = of_any_version(trajectory.observations, self._info)
        is_fresh = _origin(version, trajectory) == version
        for environment, valid in enumerate(trajectory.valid.T):
            place = trajectory.index, environment
            column = _column(trajectory, seen, environment)
            begun = self._begun.pop(place, None)
            parts = [] if is_fresh else _continued(begun, column)
            seeds = self._seeds(version, trajectory, environment)
            yield from self._of_one(column, valid, parts, seeds, (version, *place))

    def _of_one(
        self,
        column: Part,
        valid: np.ndarray,
        parts: list[Part] | None,
        seeds: Iterator[int | None],
        place: tuple[int, int, int],
    ) -> Iterator[Episode]:
        """Those of one environment; `parts` begin its first, None: its beginning is not known."""
        start, seed = 0, next(seeds)
        ended = column.terminated | column.truncated
        for t in map(int, np.flatnonzero(ended | ~valid)):
            if not valid[t]:  # the reset's pseudo-transition
                start, parts, seed = t + 1, [], next(seeds)
            elif parts is not None:
                yield Episode(_whole([*parts, _cut(column, start, t + 1)]), seed, *place)
                parts = None
        if parts is not None:  # of an episode that was only reset here there is no step yet
            rest = [_cut(column, start, len(valid))] if start < len(valid) else []
            self._begun[place[1:]] = [*parts, *rest]

    def _seeds(
        self, version: int, trajectory: Trajectory, environment: int
    ) -> Iterator[int | None]:
        """The seeds of an environment's resets, from that of its first episode here on."""
        number, data = 0, trajectory.continuation
        known = not has_own_vector(self._spec.environment)
        if data is not None and self._spec.rollout.horizon == "steps":
            singles = data["fleet"].get("singles")
            known = singles is not None
            resets = int((~trajectory.valid[:, environment]).sum())
            number = singles[environment]["episode"] - resets if singles else 0
        origin = _origin(version, trajectory)
        seeds = Seeds(self._spec.seed, "reset", (origin, trajectory.index))
        while True:
            yield seeds.integer(environment, number) if known else None
            number += 1


def _origin(version: int, trajectory: Trajectory) -> int:
    """For which version to learn from the slot last started afresh."""
    data = trajectory.continuation
    return version if data is None else data["origin"]


def _continued(begun: list[Part] | None, column: Part) -> list[Part] | None:
    """The parts that `column` goes on from; None: they are unknown, or stopped elsewhere."""
    if not begun:
        return begun
    last, first = pick(begun[-1].observations, -1), pick(column.observations, 0)
    return begun if _equal(last, first) else None


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return all(_equal(one[path], other[path]) for path in one)
    return bool(one.tobytes() == other.tobytes())


def _column(trajectory: Trajectory, seen: Any, environment: int) -> Part:
    """The steps of one environment."""
    index = (slice(None), environment)
    columns = (trajectory.actions, trajectory.rewards, trajectory.terminated, trajectory.truncated)
    return Part(pick(seen, index), *(column[index] for column in columns))


def _cut(part: Part, start: int, end: int) -> Part:
    """Steps `start` to `end - 1`."""
    seen, *columns = part
    return Part(pick(seen, slice(start, end + 1)), *(column[start:end] for column in columns))


def _whole(parts: list[Part]) -> Part:
    """One after the other; each begins with the observation that the one before ends with."""
    inner = [pick(part.observations, slice(-1)) for part in parts[:-1]]
    seen = joined([*inner, parts[-1].observations])
    return Part(seen, *(np.concatenate(column) for column in list(zip(*parts, strict=True))[1:]))
