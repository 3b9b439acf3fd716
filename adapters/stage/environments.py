"""Environments that are not Gymnasium's own: modules that register ids when they are imported.

The operator names the modules in `FTG_ENVIRONMENTS`. A specification names a registered id and
never a module, so a user who may start runs cannot choose what is imported.
"""

import importlib
import sys
from collections.abc import Iterable

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.settings import ENVIRONMENTS
from faastraingym.algorithms.environments.foreign import foreign, missing, place
from faastraingym.algorithms.errors import EnvironmentFailed


def register(modules: Iterable[str], folders: Iterable[str] = ()) -> None:
    """Import the modules, looking in `folders` last, so that nothing there hides a module of ours.

    SettingsError: there is no such module, or importing it raised anything.
    """
    sys.path += [folder for folder in folders if folder not in sys.path]
    for name in modules:
        _register(name)


def _register(name: str) -> None:
    try:
        with foreign(f"{ENVIRONMENTS} names {name}, which cannot be imported"):
            importlib.import_module(name)
    except EnvironmentFailed as error:
        raise SettingsError(_told(name, error)) from error.__cause__


def _told(name: str, error: EnvironmentFailed) -> str:
    """Which module is missing, and who names it; or what else its import raised."""
    cause = error.__cause__
    lacking = missing(cause) if isinstance(cause, ModuleNotFoundError) else ""
    if not lacking:
        return f"{error}; correct the module"
    if name == lacking or name.startswith(f"{lacking}."):
        return (
            f"{ENVIRONMENTS} names {name}, but {lacking} is neither installed nor beside "
            "functions/; correct the name, install its package, or unset the variable and train a "
            f"file of your own by its name, as {lacking}.py:MyEnv"
        )
    where = f"imports it {place(cause)}".rstrip() if cause else ""
    return f"{lacking} is not installed, and {name} of {ENVIRONMENTS} {where}; install its package"
