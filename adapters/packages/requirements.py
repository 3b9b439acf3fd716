"""What packages need of others, held to what is installed and what was added with them."""

from collections.abc import Sequence
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

from faastraingym.algorithms.environments.foreign import ADD_OR_INSTALL

OURS = ("faastraingym",)  # an image has it without its metadata


def unmet(folders: Sequence[str]) -> list[str]:
    """One sentence for each requirement that nothing meets.

    Args:
        folders: of the packages; they are on `sys.path`.
    """
    return [
        f"spec.environment.packages: {text} {found}, and {package.name} needs it; {ADD_OR_INSTALL}"
        for package in metadata.distributions(path=list(folders))
        for text in package.requires or []
        if (found := _problem(text))
    ]


def _problem(text: str) -> str:
    """Why a requirement is not met; empty when it is."""
    try:
        asked = Requirement(text)
    except InvalidRequirement as error:
        return f"is no requirement ({error})"
    if asked.name in OURS or (asked.marker and not asked.marker.evaluate({"extra": ""})):
        return ""
    try:
        version = metadata.version(asked.name)
    except metadata.PackageNotFoundError:
        return "is neither installed nor added"
    return (
        ""
        if asked.specifier.contains(version, prereleases=True)
        else f"is not {version}, which is there"
    )
