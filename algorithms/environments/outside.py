"""Observations that training takes, but that their Box does not contain, as Gymnasium defines it.

They are a mistake in the environment or in its space more often than not, and nothing else shows
it: a network reads any number. So a run that starts is told the first of each kind.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box

from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.leaves import Leaf, at, at_space
from faastraingym.algorithms.environments.repeating import Trial, close, prepare
from faastraingym.algorithms.environments.space_info import describe, make
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import RunSpec

SECONDS = 0.25  # of the episode that is looked at


def advice(spec: RunSpec, clock: Callable[[], float] = time.perf_counter) -> list[str]:
    """A sentence for bounds and one for a dtype that the observations of an episode do not keep.

    Args:
        spec: can be run; what else its environment does wrong is ignored here.
        clock: returns seconds.
    """
    try:
        parts = describe(spec).parts
        trial, environment = prepare(spec), make(spec.environment)
    except EnvironmentFailed:
        return []
    found: dict[str, str] = {}  # by kind, the first
    try:
        with foreign(spec.environment.id):
            space = environment.observation_space
            for where, seen in _observations(environment, trial, clock() + SECONDS, clock):
                for kind, problem in _of_parts(space, seen, parts):
                    found.setdefault(kind, f"{spec.environment.id}: {where}'s {problem}")
    except EnvironmentFailed:
        pass
    finally:
        close(environment)
    return list(found.values())


def _observations(
    environment: gymnasium.Env[Any, Any], trial: Trial, until: float, clock: Callable[[], float]
) -> Iterator[tuple[str, Any]]:
    """Each observation of an episode, and what returned it."""
    seen = environment.reset(seed=trial.seeds[0])[0]
    yield "reset", seen
    for number, action in enumerate(trial.actions[0], 1):
        # a copy: an environment may write to its action
        valid = masks.valid_action(action.copy(), seen, environment, trial.mask)
        seen, _, terminated, truncated, _ = environment.step(valid)
        yield f"step {number}", seen
        if terminated or truncated or clock() > until:
            return


def _of_parts(space: Any, seen: Any, parts: Sequence[Leaf]) -> Iterator[tuple[str, str]]:
    """The kinds in which a part of an observation is none of its Box, and a sentence on each."""
    for part in parts:
        found, its = at(seen, part.path), at_space(space, part.path)
        for kind, problem in _misfits(its, found):
            yield kind, f"{part.words} {problem}"


def _misfits(space: Any, seen: Any) -> Iterator[tuple[str, str]]:
    """As `_of_parts`, of one."""
    if not isinstance(space, Box):  # others contain what is stored, or it is refused
        return
    is_array = isinstance(seen, np.ndarray | np.generic)  # lists have no dtype
    if is_array and not np.can_cast(seen.dtype, space.dtype):
        yield (
            "dtype",
            f"is {seen.dtype}, which its observation_space {space} does not contain; "
            f"training rounds it to {space.dtype}: return observations of {space.dtype}, as "
            f"np.asarray(observation, np.{space.dtype})",
        )
    values = np.asarray(seen, space.dtype)
    wrong = (values < space.low) | (values > space.high)
    if wrong.any():
        yield (
            "bounds",
            f"has {values[wrong].ravel()[0]}, outside of the bounds of its "
            f"observation_space {space}; training takes it as it is: correct the bounds, or clip "
            "the observation",
        )
