"""Whether an environment may be used, and whether PPO can learn there."""

import fnmatch
import re
from collections.abc import Iterator

import gymnasium

from algorithms.errors import EnvironmentFailed
from algorithms.space_info import SpaceInfo, describe
from schemas.errors import SpecificationError
from schemas.specification import EnvironmentSpec, Potential, RunSpec
from schemas.validation import parse, suggestion

__all__ = ["SpaceInfo", "check", "describe", "validate"]

RESERVED = {
    "disable_env_checker": "collection decides it",
    "num_envs": "it is spec.environment.num_envs",
    "render_mode": "nobody watches a rollout",
    "vector_kwargs": "collection decides it",
    "vectorization_mode": "collection decides it",
    "wrappers": "collection decides it",
}


def validate(raw: object) -> RunSpec:
    """The specification, held to its schema and to what its environment can do.

    Raises:
        SpecificationError: it cannot be run.
    """
    spec = parse(raw)
    problems = check(spec)
    if problems:
        raise SpecificationError(problems)
    return spec


def check(spec: RunSpec, allowed: tuple[str, ...] = ("*",)) -> list[str]:
    """Why PPO cannot learn in `spec.environment`: one sentence per problem, or none.

    Args:
        spec: the run.
        allowed: patterns (fnmatch) of the registered ids that may be used.
    """
    problems = [*_refused_id(spec.environment.id, allowed), *_refused_kwargs(spec.environment)]
    if problems:
        return problems
    try:
        info = describe(spec)
    except EnvironmentFailed as error:
        return [_sentence(spec.environment, error)]
    return list(_misfits(spec, info))


def _refused_id(env_id: str, allowed: tuple[str, ...]) -> Iterator[str]:
    admitted = [i for i in gymnasium.registry if any(fnmatch.fnmatchcase(i, p) for p in allowed)]
    if ":" in env_id:
        yield (
            f"spec.environment.id: found {env_id!r}, which would import a module; "
            "allowed: the id of a registered environment"
        )
    elif env_id not in gymnasium.registry:
        near = suggestion(env_id, admitted)
        # the whole registry is too long to read
        near = near if near.startswith("; did") else "; `gymnasium.pprint_registry()` lists all"
        yield f"spec.environment.id: no environment {env_id!r} is registered{near}"
    elif env_id not in admitted:
        yield f"spec.environment.id: found {env_id!r}; allowed here: {', '.join(allowed)}"


def _refused_kwargs(environment: EnvironmentSpec) -> Iterator[str]:
    for name in environment.kwargs:
        if name in RESERVED:
            yield f"spec.environment.kwargs.{name}: may not be set; {RESERVED[name]}"


def _sentence(environment: EnvironmentSpec, error: EnvironmentFailed) -> str:
    """The problem behind a failed construction, and what to do about it."""
    cause = error.__cause__
    if cause is None:  # our own refusal of the spaces
        return f"spec.environment.id: {error}"
    if isinstance(cause, ImportError | gymnasium.error.DependencyNotInstalled):
        named = re.search(r"pip install [\"'`]?([\w.-]+(\[[\w,-]+\])?)", str(cause))
        package = named.group(1) if named else f"gymnasium[{_extra(environment.id)}]"
        return (
            f"spec.environment.id: {environment.id} needs a package that is not installed; "
            f"`pip install '{package}'` ({cause})"
        )
    field = "kwargs" if environment.kwargs else "id"
    found = f"found {environment.kwargs!r:.80}; " if environment.kwargs else ""
    return f"spec.environment.{field}: {found}{error}"


def _extra(env_id: str) -> str:
    """The optional dependency of Gymnasium that brings what `env_id` imports."""
    found = re.match(r"gymnasium\.envs\.(\w+)", str(gymnasium.registry[env_id].entry_point))
    family = found.group(1) if found else "all"
    return {"phys2d": "jax", "tabular": "jax"}.get(family, family.replace("_", "-"))


def _misfits(spec: RunSpec, info: SpaceInfo) -> Iterator[str]:
    for i, step in enumerate(spec.reward):
        for name in ("weights", "squares") if isinstance(step, Potential) else ():
            found = len(getattr(step, name))
            if found not in (0, info.observation_size):
                yield (
                    f"spec.reward[{i}].{name}: found {found} numbers; allowed: none, or "
                    f"{info.observation_size}, one per observation element"
                )
