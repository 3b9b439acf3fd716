"""A replica's environment variables: what it needs, nothing of the provider's own."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from faastraingym.embedded.processes import INHERITED
from faastraingym.embedded.provider.function import Function
from faastraingym.embedded.settings import import_paths


class Launch(NamedTuple):
    """The settings that all replicas of a provider share."""

    home: Path
    root: Path  # of the checkout that holds functions/
    overrides: Mapping[str, str]  # addresses here, in place of a deployment's
    inherited: Mapping[str, str]  # the provider's own environment

    @property
    def folder(self) -> Path:
        """The folder of the replicas' sockets, and their working directory."""
        return self.home / "run"

    def code_of(self, function: Function) -> Path:
        """The folder that shows the code of a function that is no package, as an image does."""
        return self.folder / "code" / function.name

    def secrets_of(self, function: Function) -> Path:
        """The folder of a function's secrets."""
        return self.folder / "secrets" / function.name


def variables(launch: Launch, function: Function, replica: str) -> dict[str, str]:
    """The environment of one replica, its socket apart."""
    environment = {k: launch.inherited[k] for k in INHERITED if k in launch.inherited}
    environment |= function.deployment.env_vars or {}
    environment |= launch.overrides
    paths = (*function.code.mounted(launch.code_of(function)), *import_paths(launch.root))
    environment |= {
        "handler_module": function.code.module,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),  # as `copy` in stack.yml
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",  # as in the image, in every locale
        "FTG_FUNCTION": function.name,
        "FTG_REPLICA": replica,
        "FTG_SECRETS": str(launch.secrets_of(function)),
        "FTG_STACK": str(launch.home),
    }
    return environment
