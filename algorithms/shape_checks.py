"""Checks that a stored object fits the run that uses it, before a computation would fail half-way.

`schemas.payloads.load` has checked the arrays of each object by each other. Here names, dtypes and
shapes are checked by the specification. Functions return their object.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import UNSET, UnsetType

from faastraingym.algorithms import cells, registry
from faastraingym.algorithms.environments import actions
from faastraingym.algorithms.environments.observations import of_any_version
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.schemas.array_specs import ArraySpec, ArraySpecs, check_array, check_named
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.payloads import LearnerState, Policy, Rewards, Statistics, Trajectory
from faastraingym.schemas.specification import Normalize, RunSpec


def policy(spec: RunSpec, found: Policy) -> Policy:
    """A policy for the run's environment.

    Raises:
        PayloadError: another network, or statistics of other observations.
        EnvironmentFailed: the environment cannot be built, to see its spaces.
    """
    return networks(spec, found, describe(spec))


def networks(spec: RunSpec, found: Policy, info: SpaceInfo) -> Policy:
    """A policy for environments of `info`; PayloadError as of `policy`."""
    _check_networks(found, registry.acting(spec).policy_arrays(spec, info), info)
    return found


def learner(spec: RunSpec, found: LearnerState) -> LearnerState:
    """A learner state of the run's networks; raises as `policy` does."""
    info = describe(spec)
    _check_networks(found, registry.acting(spec).learner_arrays(spec, info), info)
    return found


def trajectory(spec: RunSpec, found: Trajectory) -> Trajectory:
    """A trajectory of the run's environments, at least one step long.

    Raises:
        PayloadError: of another number of steps or environments, or one that cannot be continued.
    """
    steps, num_envs = found.rewards.shape
    asked = spec.rollout.num_steps if spec.rollout.horizon == "steps" else max(1, steps)
    if (steps, num_envs) != (asked, spec.environment.num_envs):
        raise PayloadError(
            f"Trajectory: found {steps} steps of {num_envs} environments; allowed: {asked} of "
            f"{spec.environment.num_envs}, as the specification says"
        )
    if found.continuation is not None:
        for name, dtype in (("returns", "<f8"), ("lengths", "<i4")):
            array: Any = found.continuation[name]  # type: ignore[literal-required]
            check_array(f"Trajectory.continuation.{name}", array, ArraySpec(dtype, num_envs))
        handed = found.continuation.get("actor_memory", UNSET)
        _check_memory("Trajectory.continuation.actor_memory", handed, spec)
    _check_memory("Trajectory.actor_memory", found.actor_memory, spec)
    return found


def _check_memory(where: str, found: np.ndarray | UnsetType, spec: RunSpec) -> None:
    """That of a recurrent policy; of any other one, nothing."""
    cell = cells.cell_of(spec)
    allowed = [] if cell is None else [(spec.environment.num_envs, cell.memory_size)]
    if cell is not None or found is not UNSET:
        given = None if found is UNSET else found
        check_array(where, given, *(ArraySpec("<f4", *shape) for shape in allowed))


def continued(spec: RunSpec, found: Trajectory) -> Trajectory:
    """A trajectory that a rollout of the same environment goes on from.

    Raises:
        PayloadError: as `trajectory`; also of observations of another size.
    """
    _check_observations("Trajectory", found, describe(spec), spec)
    return trajectory(spec, found)


def batch(spec: RunSpec, found: Sequence[Trajectory], rewards: list[np.ndarray] | None) -> None:
    """The input of an update: trajectories of the run, a reward for each step.

    Raises:
        PayloadError: they do not fit.
        EnvironmentFailed: the environment cannot be built, to see its spaces.
    """
    info = describe(spec)
    extras = registry.acting(spec).extras(spec, info)
    for t in found:
        trajectory(spec, t)
        where = f"Trajectory of slot {t.index}"
        _check_observations(where, t, info, spec)
        sizes = dict(zip("TB", t.rewards.shape, strict=True))
        check_array(f"{where}.actions", t.actions, actions.kept(info), known=sizes)
        check_named(where, t.extras, extras, sizes)
    if rewards is not None:
        wanted, shapes = [t.rewards.shape for t in found], [r.shape for r in rewards]
        if shapes != wanted:
            raise PayloadError(f"Rewards.rewards: found {shapes}; allowed: {wanted}")


def reward_state(spec: RunSpec, found: Rewards) -> Rewards:
    """Rewards whose transforms' state the next version goes on from.

    Raises:
        PayloadError: a transform's state is missing, or of other environments.
    """
    for place in (str(i) for i, step in enumerate(spec.reward) if isinstance(step, Normalize)):
        where = f"Rewards.state[{place!r}]"
        if place not in found.state:
            raise PayloadError(f"{where}: missing")
        state = found.state[place]
        check_array(f"{where}.mean", state["mean"], ArraySpec("<f8", 1))
        check_array(f"{where}.m2", state["m2"], ArraySpec("<f8", 1))
        for slot, returns in state["returns"].items():
            one_each = ArraySpec("<f8", spec.environment.num_envs)
            check_array(f"{where}.returns[{slot!r:.20}]", returns, one_each)
    return found


def _check_observations(where: str, found: Trajectory, info: SpaceInfo, spec: RunSpec) -> None:
    own = of_any_version(found.observations, info)
    steps, num_envs = found.rewards.shape
    named = own if info.has_parts else {"": own}
    if named.keys() != {part.path for part in info.parts}:
        raise PayloadError(
            f"{where}.observations: found the parts {sorted(named)}; allowed: "
            f"{[part.path for part in info.parts]}, as {spec.environment.id} gives them"
        )
    for part in info.parts:
        shape, dtype = named[part.path].shape, named[part.path].dtype.str
        if (shape, dtype) != ((steps + 1, num_envs, *part.shape), part.dtype):
            place = f"[{part.path!r}]" if part.path else ""
            raise PayloadError(
                f"{where}.observations{place}: found {dtype} {list(shape[2:])} each; allowed: "
                f"{part.dtype} {list(part.shape)}, as {spec.environment.id} gives them"
            )
    if found.statistics is None and spec.algorithm.normalize_observations:
        raise PayloadError(f"{where}.statistics: missing; observations are normalised by them")
    _check_statistics(where, found.statistics, info.observation_size)


def _check_networks(found: Policy | LearnerState, wanted: ArraySpecs, info: SpaceInfo) -> None:
    what = type(found).__name__
    check_named(f"{what}.parameters", found.parameters, wanted)
    _check_statistics(what, found.statistics, info.observation_size)


def _check_statistics(where: str, found: Statistics | None, size: int) -> None:
    if found is not None and len(found.mean) != size:
        raise PayloadError(f"{where}.statistics: found {len(found.mean)} elements; allowed: {size}")
