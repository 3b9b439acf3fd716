"""The examples that are installed with the package, by the environment that each trains."""

import tomllib
from difflib import get_close_matches
from pathlib import Path

from faastraingym import PACKAGE
from faastraingym.client.errors import BadInput

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


def of(environment: str) -> Path:
    """The example for an environment's id.

    Raises:
        BadInput: there is none; the text lists those that there are.
    """
    found = by_environment()
    if environment not in found:
        near = get_close_matches(environment, found, n=1)
        first = f"did you mean {near[0]!r}? Otherwise " if near else ""
        raise BadInput(
            f"{environment}: neither a file nor an environment with an example (those are "
            f"{', '.join(sorted(found))}); {first}copy an example from {FOLDER}, set its "
            "environment.id, and name your file"
        )
    return found[environment]
