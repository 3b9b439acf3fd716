"""A replica's environment variables: what it needs, nothing of the provider's own."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from faastraingym.adapters.settings import ENVIRONMENTS_FOLDER
from faastraingym.embedded.processes import INHERITED
from faastraingym.embedded.provider.function import Function
from faastraingym.embedded.settings import import_paths


class Launch(NamedTuple):
    """What all replicas of a provider share."""

    root: Path  # of the checkout that holds functions/
    script: Path  # the template's index.py
    overrides: Mapping[str, str]  # addresses here, in place of a deployment's
    inherited: Mapping[str, str]  # the provider's own environment
    stack: str  # whose processes these are


def code_folder(launch: Launch, function: Function) -> Path:
    """Where the code of a function that is no package lies, as in an image."""
    return Path(launch.stack) / "run" / "code" / function.name


def variables(launch: Launch, function: Function, replica: str, secrets: Path) -> dict[str, str]:
    """The environment of one replica, its socket apart."""
    environment = {k: launch.inherited[k] for k in INHERITED if k in launch.inherited}
    environment |= function.deployment.env_vars or {}
    environment |= launch.overrides
    paths = (*function.code.mounted(code_folder(launch, function)), *import_paths(launch.root))
    environment |= {
        "handler_module": function.code.module,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),  # as `copy` in stack.yml
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",  # as in the image, in every locale
        "FTG_FUNCTION": function.name,
        "FTG_REPLICA": replica,
        "FTG_SECRETS": str(secrets),
        "FTG_STACK": launch.stack,
    }
    if launch.inherited.get(ENVIRONMENTS_FOLDER):
        environment[ENVIRONMENTS_FOLDER] = launch.inherited[ENVIRONMENTS_FOLDER]
    return environment
