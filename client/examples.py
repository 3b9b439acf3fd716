"""The examples that are installed with the package, by the environment that each trains."""

import tomllib
from pathlib import Path

from faastraingym import PACKAGE

FOLDER = PACKAGE / "examples"


def by_environment(algorithm: str | None = None) -> dict[str, Path]:
    """Each environment's example, of one algorithm or any; of several the shortest name's."""
    files = sorted(FOLDER.glob("*.toml"), key=lambda file: (-len(file.stem), file.stem))
    found = [(tomllib.loads(file.read_text()), file) for file in files]
    return {
        spec["environment"]["id"]: file
        for spec, file in found
        if algorithm is None or spec["algorithm"]["name"] == algorithm
    }
