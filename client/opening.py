"""An environment that a caller names as `train` takes it, built in this process."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import gymnasium
from gymnasium.envs.registration import EnvSpec

from faastraingym.algorithms.environments import on_jax
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.registered import of_module
from faastraingym.algorithms.environments.space_info import make
from faastraingym.algorithms.environments.wrappers import wrapped
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.client import environments
from faastraingym.client.errors import BadInput
from faastraingym.schemas.specification import EnvironmentSpec

# Built already; or an id, "my_env.py:MyEnv", "my_package:MyEnv-v0", a class.
Environment: TypeAlias = gymnasium.Env[Any, Any] | str | Path | type
OTHERS = "name a registered id, my_env.py:MyEnv, or a class"


@contextmanager
def opened(
    env: Environment, mode: str | None = None, trained: EnvironmentSpec | None = None
) -> Iterator["gymnasium.Env[Any, Any]"]:
    """The environment; one that is built here, as by `built`, is closed at the end.

    Raises:
        BadInput: it cannot be built.
    """
    if isinstance(env, gymnasium.Env):
        yield env
        return
    with closing(built(env, mode, trained)) as made:
        yield made


def built(
    env: str | Path | type, mode: str | None = None, trained: EnvironmentSpec | None = None
) -> "gymnasium.Env[Any, Any]":
    """The environment by its id, its code or its class.

    Args:
        env: as of `train`, but for a specification.
        mode: in which it draws; None: in none.
        trained: a run's; has the arguments and the wrappers if it is the same environment.

    Raises:
        BadInput: it cannot be built.
    """
    name = env.__name__ if isinstance(env, type) else str(env)
    try:
        if on_jax.is_named(name):
            is_same = trained is not None and trained.id == name
            return undrawn(trained if trained and is_same else EnvironmentSpec(id=name), mode)
        env_id, found = _found(env)
        same = trained if trained and trained.id == env_id else None
        options = {} if mode is None else {"render_mode": mode}
        with foreign(f"{name} cannot be built"):
            made = gymnasium.make(found, **options, **(same.kwargs if same else {}))
        return wrapped(same, made) if same else made
    except EnvironmentFailed as error:
        raise BadInput(f"{error}; {remedy(error, OTHERS)}") from error


def undrawn(wanted: EnvironmentSpec, mode: str | None) -> "gymnasium.Env[Any, Any]":
    """One environment on JAX, of which there are no pictures.

    Raises:
        EnvironmentFailed: it is to be drawn, or cannot be built.
    """
    for problem in on_jax.problems(wanted):
        raise EnvironmentFailed(problem)
    if mode is not None:
        raise EnvironmentFailed(f"{wanted.id} runs on JAX, where nothing draws it")
    return make(wanted)


def remedy(error: Exception, otherwise: str) -> str:
    """What to do where an environment cannot be built; `otherwise`, unless its text tells."""
    if "unexpected keyword argument 'render_mode'" in str(error):
        return (
            "give its __init__ a parameter render_mode, and the class a method render, as in the "
            "my_env.py that `faastrain init` writes"
        )
    return otherwise


def imported(name: str) -> str:
    """The id of an environment, whose code Python finds from now on where its place is named.

    Raises:
        BadInput: there is no such code, or this process has another module of that name.
    """
    if not environments.is_code(name):
        return name
    place, _, inner = name.rpartition(":")
    file = Path(place or name).resolve()
    if not place or not file.exists():
        raise BadInput(f"{name}: names no environment in a file that exists, as my_env.py:MyEnv")
    is_wheel = file.suffix == ".whl"
    folder = file if is_wheel else file.parent
    module = environments.resolve(name).stem if is_wheel else file.stem
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    found = place_of(module)
    if found is None or file not in (found.resolve(), *found.resolve().parents):
        raise BadInput(
            f"{name}: this process has the module {module} of {found}; restart Python, or rename it"
        )
    return f"{module}:{inner}"


def place_of(module: str) -> Path | None:
    """Where Python finds a module; it is not imported for that."""
    if module in sys.modules:
        file = getattr(sys.modules[module], "__file__", None)
        return Path(file) if file else None
    found = importlib.util.find_spec(module)
    return Path(found.origin) if found and found.origin else None


def _found(env: str | Path | type) -> tuple[str, str | EnvSpec]:
    """The id by which a run has it, and what `gymnasium.make` is given."""
    if isinstance(env, type):
        if not issubclass(env, gymnasium.Env):
            raise EnvironmentFailed(f"{env.__name__}: does not derive from gymnasium.Env")
        of_class = EnvSpec(id=env.__name__, entry_point=env)
        return f"{env.__module__}:{env.__qualname__}", of_class
    env_id = imported(str(env))
    return env_id, of_module(env_id) if ":" in env_id else env_id
