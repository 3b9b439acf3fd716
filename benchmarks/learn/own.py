"""A row's environment that is not Gymnasium's own: code in a file, or what a module registers.

The file travels as it does for `faastrain train`: its package has the same SHA-256, which is a part
of the specification, and here is imported from where a function would unpack it.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from faastraingym.adapters.packages.unpacking import root, unpacked
from faastraingym.adapters.packages.wheels import Package
from faastraingym.client import environments
from faastraingym.client.errors import BadInput


class Taken(NamedTuple):
    """A raw specification as start-run has it, and the code that its environment needs."""

    raw: dict[str, Any]
    package: Package | None = None


def take(raw: Mapping[str, Any], folder: Path) -> Taken:
    """Pack the file that `environment.id` names, as `../my_env.py:MyEnv-v0`; often there is none.

    Args:
        raw: the specification as its file has it.
        folder: where that file lies.

    Raises:
        ValueError: the code is not there, or cannot be packed.
    """
    try:
        known, source = environments.taken(dict(raw), folder)
    except BadInput as error:
        raise ValueError(str(error)) from error
    if source is None:
        return Taken(known)
    environment = {**known["environment"], "packages": [source.package.sha256]}
    return Taken({**known, "environment": environment}, source.package)


def absent(modules: Iterable[str]) -> list[str]:
    """A sentence for each module that is not installed."""
    return [
        f"{name} is not installed; .venv/bin/pip install {name}"
        for name in modules
        if importlib.util.find_spec(name) is None
    ]


def admit(modules: Iterable[str], package: Package | None) -> None:
    """Let this process build the environment: register the modules' ids, find the package's code.

    Raises:
        ImportError: a module is not installed.
        PackageError: the package cannot be unpacked.
    """
    for name in modules:
        importlib.import_module(name)
    if package:
        folder = str(unpacked(package.data, package.sha256, root()))
        sys.path[:] = [folder, *(place for place in sys.path if place != folder)]
