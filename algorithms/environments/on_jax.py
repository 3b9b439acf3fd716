"""Which environments are programs of JAX, by their ids: `gymnax:CartPole-v1`, `brax:ant`.

An id of a library's that no package goes with is such a one. This module imports no JAX; the
modules of `faastraingym.algorithms.compiled` do, which are imported where such a one is built.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import EnvironmentSpec
from faastraingym.schemas.validation import suggestion

LIBRARIES = {"brax": "brax", "gymnax": "jaxenvs"}  # by the extra that brings each
CODE = "faastraingym.algorithms.compiled"


def is_named(env_id: str) -> bool:
    """Whether an id is one of a library's."""
    library, colon, _ = env_id.partition(":")
    return bool(colon) and library in LIBRARIES


def is_one(environment: EnvironmentSpec) -> bool:
    """Whether an environment is a program of JAX."""
    return is_named(environment.id) and not environment.package_digests


def module(name: str) -> Any:
    """A module of `compiled`; JAX is imported with it.

    Raises:
        ModuleNotFoundError: JAX is not installed.
    """
    return import_module(f"{CODE}.{name}")


def ids(library: str) -> list[str]:
    """The names of a library's environments.

    Raises:
        EnvironmentFailed: it is not installed, or cannot be imported.
    """
    try:
        with foreign(f"{library} cannot be imported"):
            found: list[str] = module(f"of_{library}").ids()
    except EnvironmentFailed as failed:
        error = failed.__cause__
        if not isinstance(error, ModuleNotFoundError):
            raise
        raise EnvironmentFailed(_absent(library, error)) from error
    return found


def problems(environment: EnvironmentSpec) -> Iterator[str]:
    """Why there is no such environment, or none that is used so: one sentence, or none."""
    library, _, name = environment.id.partition(":")
    try:
        known = ids(library)
    except EnvironmentFailed as error:
        yield f"spec.environment.id: found {environment.id!r}, but {error}"
        return
    if name not in known:
        yield (
            f"spec.environment.id: {library} has no environment {name!r:.80}"
            f"{suggestion(name, known)}"
        )
    else:
        yield from _misfits(environment, module(f"of_{library}").arguments(name))
    if environment.wrapped_by:
        yield (
            f"spec.environment.wrappers: found {environment.wrapped_by[0].name}, but "
            f"{environment.id} runs on JAX, where Gymnasium's wrappers cannot wrap it; leave them "
            "out (normalize_observations and spec.reward work there)"
        )


def _misfits(environment: EnvironmentSpec, known: list[str] | None) -> Iterator[str]:
    for key in environment.kwargs if known else ():
        if key not in [*(known or ()), "max_episode_steps"]:
            yield (
                f"spec.environment.kwargs.{key}: {environment.id} has no such argument"
                f"{suggestion(key, known or [])}"
            )


def _absent(library: str, error: ModuleNotFoundError) -> str:
    lacking = (error.name or library).partition(".")[0]
    of = "" if lacking == library else f" for {library}"
    return (
        f"{lacking} is not installed{of}; `pip install 'faastraingym[{LIBRARIES[library]}]'`, and "
        "into the images of start-run, rollout and evaluate (docs/environments.md)"
    )
