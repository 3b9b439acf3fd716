"""A window of trajectories, and samples of it.

The trajectories of a run never change, so a range of versions defines the window's content, and a
sample is a pure function of the window, the run's seed and the version that learns: a retry or
another machine samples the same transitions (ADR 38).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from faastraingym.algorithms import seeding
from faastraingym.schemas.messages import VersionRange
from faastraingym.schemas.payloads import Arrays, Trajectory
from faastraingym.schemas.specification import RunSpec


class Place(NamedTuple):
    """The place of a trajectory in its run."""

    version: int  # that learnt from it first
    slot: int


class Window(NamedTuple):
    """Trajectories of T steps of B environments: every slot's of each version."""

    versions: VersionRange
    slots: int
    steps: int  # T
    num_envs: int  # B

    @property
    def transitions(self) -> int:
        """The number of transitions, resets' pseudo-transitions included."""
        length = self.versions.last - self.versions.first + 1
        return length * self.slots * self.steps * self.num_envs


def window(spec: RunSpec, versions: VersionRange) -> Window:
    """The window of a run, to whose specification `problems` has no objection."""
    rollout = spec.rollout
    return Window(versions, rollout.count, rollout.num_steps, spec.environment.num_envs)


def problems(spec: RunSpec) -> Iterator[str]:
    """A sentence for each reason why a range of versions would not determine the transitions."""
    rollout = spec.rollout
    if rollout.needed != rollout.count:
        yield (
            f"spec.rollout.threshold: found {rollout.threshold}; allowed: {rollout.count}, the "
            "fan-out (spec.rollout.count), for replay names trajectories by version and slot"
        )
    if rollout.horizon != "steps":
        yield (
            f"spec.rollout.horizon: found {rollout.horizon}; allowed: steps, for replay samples "
            "trajectories of a known length"
        )


def versions_of(spec: RunSpec, capacity: int) -> int:
    """Versions before the newest that a window of at least `capacity` transitions reaches back."""
    rollout = spec.rollout
    each = rollout.count * rollout.num_steps * spec.environment.num_envs
    return -(-capacity // each) - 1


def draw(of: Window, run_seed: int, version: int, batches: int, size: int) -> np.ndarray:
    """N = `size` transitions for each of G = `batches` gradient steps of `version`, [G, N] int64.

    They are drawn uniformly, with replacement, and are numbers of transitions, counted through
    versions, slots, steps and environments.
    """
    generator = seeding.generator(run_seed, "replay", version)
    return generator.integers(0, of.transitions, (batches, size))


def places(of: Window, drawn: np.ndarray) -> list[Place]:
    """The trajectories that hold the drawn transitions, each once, in order."""
    trajectories = np.unique(drawn // (of.steps * of.num_envs))
    versions, slots = np.divmod(trajectories, of.slots)
    return [Place(int(v) + of.versions.first, int(s)) for v, s in zip(versions, slots, strict=True)]


def gather(of: Window, drawn: np.ndarray, held: Mapping[Place, Trajectory]) -> Arrays:
    """The transitions that `draw` drew, as arrays [G, N, ...]; `held` has those of `places`.

    `next_observations` are true successors, final ones included; where `valid` is false a reset's
    pseudo-transition was drawn, which counts for nothing.
    """
    numbers, within = np.divmod(drawn.ravel(), of.steps * of.num_envs)
    t, environment = np.divmod(within, of.num_envs)
    found: Arrays = {}
    for number in np.unique(numbers):
        version, slot = divmod(int(number), of.slots)
        trajectory = held[Place(version + of.versions.first, slot)]
        chosen = numbers == number
        at, env = t[chosen], environment[chosen]
        for name, values in _columns(trajectory).items():
            column = found.setdefault(
                name, np.empty((len(numbers), *values.shape[2:]), values.dtype)
            )
            column[chosen] = values[at, env]
    return {name: column.reshape(*drawn.shape, *column.shape[1:]) for name, column in found.items()}


def _columns(trajectory: Trajectory) -> Arrays:
    return {
        **_seen("observations", trajectory, slice(None, -1)),
        **_seen("next_observations", trajectory, slice(1, None)),
        "actions": trajectory.actions,
        "rewards": trajectory.rewards,
        "terminated": trajectory.terminated,
        "truncated": trajectory.truncated,
        "valid": trajectory.valid,
        **trajectory.extras,
    }


def _seen(name: str, trajectory: Trajectory, steps: slice) -> Arrays:
    """Observations of `steps`; those of a Dict space as `observations/key`."""
    seen = trajectory.observations
    if isinstance(seen, dict):
        return {f"{name}/{key}": values[steps] for key, values in seen.items()}
    return {name: seen[steps]}
