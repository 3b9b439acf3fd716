"""The examples that are installed with the package, by the environment that each trains."""

import tomllib
from pathlib import Path

from faastraingym import PACKAGE
from faastraingym.cli.errors import BadInput

FOLDER = PACKAGE / "examples"


def by_environment() -> dict[str, Path]:
    """Each environment's example; of several the one with the shortest name."""
    files = sorted(FOLDER.glob("*.toml"), key=lambda file: (-len(file.stem), file.stem))
    return {tomllib.loads(file.read_text())["environment"]["id"]: file for file in files}


def of(environment: str) -> Path:
    """The example for an environment's id.

    Raises:
        BadInput: there is none; the text lists those that there are.
    """
    found = by_environment()
    if environment not in found:
        raise BadInput(
            f"{environment}: neither a file nor an environment with an example (those are "
            f"{', '.join(sorted(found))}); copy an example from {FOLDER}, set its environment.id, "
            "and name your file"
        )
    return found[environment]
