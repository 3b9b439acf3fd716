"""Whether a stored object fits the run that it is used in: its shapes against the specification's.

`schemas.payloads.load` has held the arrays of each object to each other. Here they are held to the
run, before a computation would fail on them half-way, or broadcast them silently. Each function
returns what it was given. Only names, dtypes and shapes are looked at.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from faastraingym.algorithms import registry
from faastraingym.algorithms.environments.observations import of_any_version
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.schemas import array_specs
from faastraingym.schemas.array_specs import ArraySpecs
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.payloads import (
    Arrays,
    LearnerState,
    Policy,
    Rewards,
    Statistics,
    Trajectory,
)
from faastraingym.schemas.specification import Normalize, RunSpec


def policy(spec: RunSpec, found: Policy) -> Policy:
    """A policy for the run's environment.

    Raises:
        PayloadError: another network, or statistics of other observations.
        EnvironmentFailed: the environment cannot be built, to see its spaces.
    """
    info = describe(spec)
    _check_networks(found, registry.acting(spec).policy_arrays(spec, info), info)
    return found


def learner(spec: RunSpec, found: LearnerState) -> LearnerState:
    """A learner state of the run's networks.

    Raises:
        PayloadError: other networks, or statistics of other observations.
        EnvironmentFailed: the environment cannot be built, to see its spaces.
    """
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
            _check_array(f"Trajectory.continuation.{name}", array, dtype, (num_envs,))
    return found


def continued(spec: RunSpec, found: Trajectory) -> Trajectory:
    """A trajectory that a rollout of the same environment goes on from.

    Raises:
        PayloadError: as `trajectory`; also of observations of another size.
    """
    _check_observations("Trajectory", found, describe(spec), spec)
    return trajectory(spec, found)


def batch(spec: RunSpec, found: Sequence[Trajectory], rewards: list | None) -> None:
    """The input of an update: trajectories of the run, a reward for each step.

    Raises:
        PayloadError: they do not fit.
        EnvironmentFailed: the environment cannot be built, to see its spaces.
    """
    info = describe(spec)
    actions: tuple[int, ...] = (info.action_size,) if info.continuous else ()
    extras = registry.acting(spec).extras(spec, info)
    for t in found:
        trajectory(spec, t)
        where = f"Trajectory of slot {t.index}"
        _check_observations(where, t, info, spec)
        if t.actions.shape[2:] != actions:
            raise PayloadError(
                f"{where}: found actions of shape {list(t.actions.shape[2:])}; allowed: "
                f"{list(actions)}"
            )
        known = dict(zip("TB", t.rewards.shape, strict=True))
        array_specs.check_named(where, t.extras, extras, known)
    if rewards is not None:
        wanted: Any = [t.rewards.shape for t in found]
        shapes = [r.shape for r in rewards]
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
        _check_array(f"{where}.mean", state["mean"], "<f8", (1,))
        _check_array(f"{where}.m2", state["m2"], "<f8", (1,))
        for slot, returns in state["returns"].items():
            shape = (spec.environment.num_envs,)
            _check_array(f"{where}.returns[{slot!r:.20}]", returns, "<f8", shape)
    return found


def arrays(where: str, found: Arrays, wanted: dict[str, Any]) -> Arrays:
    """Arrays of the shapes and dtypes of `wanted`, name by name.

    Raises:
        PayloadError: naming the first that is missing or different.
    """
    for name, template in wanted.items():
        if name not in found:
            raise PayloadError(f"{where}[{name!r}]: missing")
        dtype = np.dtype(template.dtype).str
        _check_array(f"{where}[{name!r}]", found[name], dtype, template.shape)
    return found


def _check_observations(where: str, found: Trajectory, info: SpaceInfo, spec: RunSpec) -> None:
    own = of_any_version(found.observations, info)
    dtype, shape = own.dtype.str, own.shape[2:]
    if (dtype, shape) != (info.observation_dtype, info.observation_shape):
        raise PayloadError(
            f"{where}.observations: found {dtype} {list(shape)} each; allowed: "
            f"{info.observation_dtype} {list(info.observation_shape)}, as {spec.environment.id} "
            "gives them"
        )
    if found.statistics is None and spec.algorithm.normalize_observations:
        raise PayloadError(f"{where}.statistics: missing; observations are normalised by them")
    _check_statistics(where, found.statistics, info.observation_size)


def _check_networks(found: Policy | LearnerState, wanted: ArraySpecs, info: SpaceInfo) -> None:
    what = type(found).__name__
    array_specs.check_named(f"{what}.parameters", found.parameters, wanted)
    _check_statistics(what, found.statistics, info.observation_size)


def _check_statistics(where: str, found: Statistics | None, size: int) -> None:
    if found is not None and len(found.mean) != size:
        raise PayloadError(f"{where}.statistics: found {len(found.mean)} elements; allowed: {size}")


def _check_array(where: str, found: np.ndarray, dtype: str, shape: tuple[int, ...]) -> None:
    if (found.dtype.str, found.shape) != (dtype, tuple(shape)):
        raise PayloadError(
            f"{where}: found {found.dtype.str} {list(found.shape)}; allowed: {dtype} {list(shape)}"
        )
