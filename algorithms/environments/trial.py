"""One reset and one step of an environment, checked as a rollout needs them.

Faults that training survives are allowed, as Gymnasium only warns of them: observations outside of
a Box's bounds or of a wider dtype, of which `outside` warns; flags that are 0 or 1, or arrays of
one. Others would fail the run's first rollout, with a less clear error.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from faastraingym.algorithms import seeding
from faastraingym.algorithms.environments import actions, masks
from faastraingym.algorithms.environments.foreign import foreign, words
from faastraingym.algorithms.environments.leaves import Leaf, at, at_space
from faastraingym.algorithms.environments.observations import alone
from faastraingym.algorithms.environments.space_info import SpaceInfo, make
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import RunSpec

OLD = "the API of gym before 0.26; see gymnasium's migration guide"
FORMS = {
    "reset": "(observation, info)",
    "step": "(observation, reward, terminated, truncated, info)",
}
LARGEST = np.finfo(np.float32).max


def problems(spec: RunSpec, info: SpaceInfo) -> list[str]:
    """The problems of the first reset and step: one sentence each, or none."""
    try:
        environment = make(spec.environment)
        with foreign(f"{spec.environment.id} could not be reset"):
            seed = seeding.integer(spec.seed, "trial")
            given = environment.reset(seed=seed, options=None)
            found = list(_of_result("reset", environment, given, info))
        if not found:
            with foreign(f"{spec.environment.id} could not be stepped"):
                first = masks.valid_action(actions.first(info), given[0], environment, info.mask)
                given = environment.step(first)
                found = list(_of_result("step", environment, given, info))
        with foreign(f"{spec.environment.id} could not be closed"):
            environment.close()
    except EnvironmentFailed as error:
        return [f"spec.environment.id: {error}{_hint(error.__cause__)}"]
    return [f"spec.environment.id: {spec.environment.id}: {problem}" for problem in found]


def _hint(cause: BaseException | None) -> str:
    """A hint on the older API, for the errors of wrappers that unpack its results."""
    text = words(cause) if isinstance(cause, TypeError | ValueError) else ""
    if "values to unpack" in text:
        return (
            f"; reset returns {FORMS['reset']} and step {FORMS['step']}: if it does not, that is "
            f"{OLD}"
        )
    if "unexpected keyword argument 'seed'" in text or "argument 'options'" in text:
        return f"; reset takes `*, seed=None, options=None`: without them it is {OLD}"
    return ""


def _of_result(method: str, environment: Any, given: Any, info: SpaceInfo) -> Iterator[str]:
    form = FORMS[method]
    if not (isinstance(given, tuple) and len(given) == form.count(",") + 1):
        yield f"{method} returned {_kind(given)}; allowed: {form}. What it returns is of {OLD}"
        return
    observation, *others, more = given
    yield from _of_observation(environment, observation, info, method)
    if others:
        reward, *flags = others
        yield from _of_reward(reward)
        for name, flag in zip(("terminated", "truncated"), flags, strict=True):
            array = np.asarray(flag)
            if array.dtype.kind not in "biuf" or array.size != 1 or array.item() not in (0, 1):
                yield f"step's {name} is {_kind(flag)}; allowed: True or False"
    if not isinstance(more, dict):
        yield f"{method}'s info is {_kind(more)}; allowed: a dict"
    elif masks.KEY in more and info.mask is None and masks.groups(environment.action_space):
        yield (
            f"{method}'s info has {masks.KEY!r}, and reset's has none; allowed: a mask of valid "
            "actions with every reset and every step, or with none"
        )


def _of_observation(environment: Any, seen: Any, info: SpaceInfo, where: str) -> Iterator[str]:
    """Shape and dtype as the space's; the values finite, in float32 too."""
    for part in info.parts:
        what, space = f"{where}'s {part.words}", environment.observation_space
        try:
            found = at(seen, part.path)
        except (LookupError, TypeError, ValueError):
            yield f"{what} is not there, which its observation_space {space} says"
            return
        problem = next(_of_part(what, found, at_space(space, part.path), part), None)
        if problem:
            yield problem
            return
    if info.leaves or info.observation_start is not None:
        kept = alone(seen, info)  # raises, of what the space does not contain
        if where == "reset" and info.mask and not masks.allows(kept[info.mask.path], info.mask)[0]:
            yield f"reset's {info.mask.words} forbids every action; allow at least one"


def _of_part(what: str, seen: Any, space: Any, part: Leaf) -> Iterator[str]:
    array = np.asarray(seen)
    if array.shape != space.shape:
        yield (
            f"{what} is {_kind(seen)}; allowed: shape {space.shape}, as its "
            f"observation_space {space} says"
        )
    elif not np.can_cast(array.dtype, space.dtype or array.dtype, "same_kind"):
        yield (
            f"{what} is {_kind(seen)}; allowed: {space.dtype}, as its "
            f"observation_space {space} says"
        )
    elif np.dtype(part.dtype).kind == "f":
        yield from _of_number(what, array)


def _of_reward(reward: Any) -> Iterator[str]:
    array = np.asarray(reward)
    if array.shape or array.dtype.kind not in "biuf":
        yield f"step's reward is {_kind(reward)}; allowed: one number, as float(reward)"
    else:
        yield from _of_number("step's reward", array)


def _of_number(what: str, array: np.ndarray) -> Iterator[str]:
    with np.errstate(over="ignore", invalid="ignore"):
        wrong = ~np.isfinite(array.astype(np.float32))
    if wrong.any():
        value = array[wrong].ravel()[0]
        beyond = f", beyond float32's largest number, {LARGEST:.3g}" if np.isfinite(value) else ""
        yield f"{what} has {value}{beyond}; allowed: finite numbers of float32"


def _kind(value: Any) -> str:
    """A few words for `value`; None, a number or text as it is."""
    if value is None or isinstance(value, bool | int | float | str):
        return f"{value!r:.60}"
    if isinstance(value, np.ndarray | np.generic):
        return f"an array of shape {value.shape} and {value.dtype}"
    of = f" of {len(value)} values" if isinstance(value, tuple | list) else ""
    return f"a {type(value).__name__}{of}"
