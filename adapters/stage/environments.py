"""Environments that are not Gymnasium's own: modules that register ids when they are imported.

The operator names the modules in `FTG_ENVIRONMENTS`. A specification names a registered id and
never a module, so a user who may start runs cannot choose what is imported.
"""

import importlib
import sys
from collections.abc import Iterable

from faastraingym.adapters.errors import SettingsError
from faastraingym.algorithms.environments.foreign import foreign
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
        with foreign(f"FTG_ENVIRONMENTS names {name}, which cannot be imported"):
            importlib.import_module(name)
    except EnvironmentFailed as error:
        missing = isinstance(error.__cause__, ModuleNotFoundError)
        remedy = "install its package, or correct the name" if missing else "correct the module"
        raise SettingsError(f"{error}; {remedy}") from error.__cause__
