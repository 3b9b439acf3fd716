"""Whether a stored object fits the run that it is used in: its shapes against the specification's.

`schemas.payloads.load` has held the arrays of each object to each other. Here they are held to the
run, before a computation would fail on them half-way, or broadcast them silently. Each function
returns what it was given. Only names, dtypes and shapes are looked at.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from faastraingym.algorithms.environments.space_info import describe
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

Shapes = dict[str, tuple[int, ...]]


def policy(spec: RunSpec, found: Policy) -> Policy:
    """A policy for the run's environment.

    Raises:
        PayloadError: another network, or statistics of other observations.
        EnvironmentFailed: the environment cannot be built, to see its spaces.
    """
    info = describe(spec)
    wanted = _network("policy", spec, info.observation_size, info.action_size)
    if info.continuous:
        wanted["policy/log_std"] = (info.action_size,)
    _same("Policy.parameters", _shapes(found.parameters), wanted)
    _check_statistics("Policy", found.statistics, info.observation_size)
    return found


def learner(spec: RunSpec, found: LearnerState) -> LearnerState:
    """A learner state of the run's networks; their outer sizes are read off, not looked up.

    Raises:
        PayloadError: other networks, or statistics of other observations.
    """
    shapes = _shapes(found.parameters)
    inputs, outputs = _outer_sizes(shapes)
    wanted = _network("policy", spec, inputs, outputs) | _network("value", spec, inputs, 1)
    if "policy/log_std" in shapes:
        wanted["policy/log_std"] = (outputs,)
    _same("LearnerState.parameters", shapes, wanted)
    _check_statistics("LearnerState", found.statistics, inputs)
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
    size, info = found.observations.shape[2], describe(spec)
    if size != info.observation_size:
        raise PayloadError(
            f"Trajectory.observations: found {size} elements each; allowed: "
            f"{info.observation_size}, as {spec.environment.id} gives them"
        )
    return trajectory(spec, found)


def batch(
    spec: RunSpec, state: LearnerState, found: Sequence[Trajectory], rewards: list | None
) -> None:
    """What an update learns from: trajectories for the learner's networks, a reward for each step.

    Raises:
        PayloadError: they do not fit.
    """
    inputs, outputs = _outer_sizes(_shapes(state.parameters))
    actions: tuple[int, ...] = (outputs,) if "policy/log_std" in state.parameters else ()
    for t in found:
        trajectory(spec, t)
        size, action_shape = t.observations.shape[2], t.actions.shape[2:]
        if (size, action_shape) != (inputs, actions):
            raise PayloadError(
                f"Trajectory of slot {t.index}: found observations of {size} elements and actions "
                f"of shape {list(action_shape)}; allowed: {inputs} and {list(actions)}"
            )
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


def _network(which: str, spec: RunSpec, inputs: int, outputs: int) -> Shapes:
    sizes = [inputs, *spec.algorithm.hidden_sizes, outputs]
    names = [*(f"layer_{i}" for i in range(len(sizes) - 2)), "head"]
    shapes: Shapes = {}
    for name, (above, below) in zip(names, pairwise(sizes), strict=True):
        shapes[f"{which}/{name}/kernel"] = (above, below)
        shapes[f"{which}/{name}/bias"] = (below,)
    return shapes


def _outer_sizes(shapes: Shapes) -> tuple[int, int]:
    """Observation and action size of a policy network with these parameters."""
    first = "policy/layer_0/kernel" if "policy/layer_0/kernel" in shapes else "policy/head/kernel"
    kernel, bias = shapes.get(first, ()), shapes.get("policy/head/bias", ())
    if len(kernel) != 2 or len(bias) != 1:
        raise PayloadError(f"LearnerState.parameters: {first} or policy/head/bias is no such array")
    return kernel[0], bias[0]


def _shapes(found: Arrays) -> Shapes:
    return {name: array.shape for name, array in found.items()}


def _same(where: str, found: Shapes, wanted: Shapes) -> None:
    for name in sorted({*found, *wanted}):
        here, there = (shapes.get(name, "nothing") for shapes in (found, wanted))
        if here != there:
            raise PayloadError(f"{where}[{name!r:.80}]: found {here}; allowed: {there}")


def _check_statistics(where: str, found: Statistics | None, size: int) -> None:
    if found is not None and len(found.mean) != size:
        raise PayloadError(f"{where}.statistics: found {len(found.mean)} elements; allowed: {size}")


def _check_array(where: str, found: np.ndarray, dtype: str, shape: tuple[int, ...]) -> None:
    if (found.dtype.str, found.shape) != (dtype, tuple(shape)):
        raise PayloadError(
            f"{where}: found {found.dtype.str} {list(found.shape)}; allowed: {dtype} {list(shape)}"
        )
