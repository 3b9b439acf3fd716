"""Gymnasium's own wrappers that a specification may name, with their arguments."""

import inspect
from collections.abc import Iterator
from typing import Any, TypeAlias

import gymnasium
from gymnasium import wrappers as gymnasiums

from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.registered import registered
from faastraingym.schemas.specification import EnvironmentSpec
from faastraingym.schemas.validation import suggestion

Environment: TypeAlias = gymnasium.Env[Any, Any]

ALLOWED: dict[str, type[gymnasium.Wrapper[Any, Any, Any, Any]]] = {
    kind.__name__: kind
    for kind in (
        gymnasiums.AtariPreprocessing,
        gymnasiums.ClipReward,
        gymnasiums.FilterObservation,
        gymnasiums.FlattenObservation,
        gymnasiums.FrameStackObservation,
        gymnasiums.GrayscaleObservation,
        gymnasiums.RescaleAction,
        gymnasiums.ResizeObservation,
        gymnasiums.TimeLimit,
    )
}
OURS = {  # which keep running statistics that a lost replica would lose
    "NormalizeObservation": "set spec.algorithm.normalize_observations = true",
    "NormalizeReward": '`[[reward]] kind = "normalize"` (spec.reward)',
}
WHERE = "spec.environment.wrappers"


def wrapped(environment: EnvironmentSpec, inner: Environment) -> Environment:
    """`inner` in the specification's wrappers, the first of them innermost.

    Raises:
        EnvironmentFailed: one refuses it, or its arguments; the text begins with its path.
    """
    for i, wrapper in enumerate(environment.wrapped_by):
        with foreign(f"{WHERE}[{i}]: {wrapper.name} cannot wrap {environment.id}"):
            inner = ALLOWED[wrapper.name](inner, **_arguments(wrapper.kwargs))
    return inner


def problems(environment: EnvironmentSpec, most_steps: int) -> Iterator[str]:
    """Names and arguments that there are not: a sentence each."""
    for i, wrapper in enumerate(environment.wrapped_by):
        found = f"{WHERE}[{i}].name: found {wrapper.name!r:.80}"
        if wrapper.name in OURS:
            yield f"{found}; instead of it {OURS[wrapper.name]}, which a lost replica does not lose"
        elif wrapper.name not in ALLOWED:
            yield f"{found}{suggestion(wrapper.name, list(ALLOWED))}"
        else:
            yield from _misfits(f"{WHERE}[{i}].kwargs", wrapper.name, wrapper.kwargs, most_steps)


def step_limit(environment: EnvironmentSpec) -> int | None:
    """The fewest steps after which a TimeLimit ends an episode, if there is one."""
    limits = [
        w.kwargs["max_episode_steps"] for w in environment.wrapped_by if w.name == "TimeLimit"
    ]
    return min(limits, default=None)


def episode_limit(environment: EnvironmentSpec) -> int | None:
    """The most steps that an episode has: its registration's, its arguments' or a TimeLimit's."""
    registered_limit = registered(environment).max_episode_steps
    limits = [environment.kwargs.get("max_episode_steps", registered_limit)]
    limits.append(step_limit(environment))
    return min((int(limit) for limit in limits if limit is not None), default=None)


def _misfits(where: str, name: str, found: dict[str, Any], most_steps: int) -> Iterator[str]:
    known = dict(inspect.signature(ALLOWED[name]).parameters)
    del known["env"]
    for key in found:
        if key not in known:
            yield f"{where}.{key}: {name} has no such argument{suggestion(key, list(known))}"
    for key, parameter in known.items():
        if parameter.default is parameter.empty and key not in found:
            yield f"{where}.{key}: missing; {name} needs it"
    limit = found.get("max_episode_steps", 1)
    if name == "TimeLimit" and (type(limit) is not int or not 1 <= limit <= most_steps):
        yield (
            f"{where}.max_episode_steps: found {limit!r:.80}; allowed: an integer from 1 to "
            f"{most_steps}"
        )


def _arguments(kwargs: dict[str, Any]) -> dict[str, Any]:
    """As Gymnasium takes them: a shape is a tuple, which the formats of specifications lack."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in kwargs.items()}
