"""What Gymnasium has registered under a specification's environment, a package's too.

The id of a package's is `module:name`. The module is imported, and the name is an id that it
registers or a class that it has. Only a process that was given the package's folder finds it.
"""

import importlib
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec

from faastraingym.algorithms.environments import on_jax
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.specification import EnvironmentSpec


def registered(environment: EnvironmentSpec) -> EnvSpec:
    """How the environment is made, as Gymnasium has it.

    Raises:
        EnvironmentFailed: the module cannot be imported, or has no such environment.
    """
    if on_jax.is_one(environment):
        made: EnvSpec = on_jax.module("single").registered(environment)
        return made
    if not environment.package_digests:
        found: EnvSpec = gymnasium.spec(environment.id)
        return found
    return of_module(environment.id)


def of_module(env_id: str) -> EnvSpec:
    """How the environment `module:name` is made.

    Raises:
        EnvironmentFailed: the module cannot be imported, or has no such environment.
    """
    place, _, name = env_id.partition(":")
    with foreign(f"{env_id}: the module {place} could not be imported"):
        module = importlib.import_module(place)
    if name in gymnasium.registry:
        return gymnasium.registry[name]
    kind = getattr(module, name, None)
    if not isinstance(kind, type) or not issubclass(kind, gymnasium.Env):
        raise EnvironmentFailed(f"{env_id}: {_absent(place, name, module)}")
    return EnvSpec(id=env_id, entry_point=kind)


def made_by(environment: EnvironmentSpec) -> str | EnvSpec:
    """What `gymnasium.make` is given: a package's EnvSpec, so that no other id is looked up."""
    return registered(environment) if environment.package_digests else environment.id


def _absent(place: str, name: str, module: Any) -> str:
    ids = [
        spec.id
        for spec in gymnasium.registry.values()
        if str(getattr(spec.entry_point, "__module__", spec.entry_point)).startswith(place)
    ]
    classes = [
        key
        for key, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, gymnasium.Env)
        and value.__module__ == module.__name__
    ]
    there = ", ".join(sorted([*ids, *classes])) or "none"
    return (
        f"{place} registers no id {name!r} and has no class of this name that derives from "
        f"gymnasium.Env; its environments: {there}"
    )
