"""What packages need of others, held to what is installed and what was added with them."""

from collections.abc import Sequence
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

OURS = ("faastraingym",)  # an image has it without its metadata


def unmet(folders: Sequence[str]) -> list[str]:
    """One sentence for each requirement that nothing meets.

    Args:
        folders: of the packages; they are on `sys.path`.
    """
    return [
        f"spec.environment.packages: {package.name} needs {text}, but {found}; `faastrain env add` "
        "its wheel if it is pure Python, else install it into the functions' images"
        for package in metadata.distributions(path=list(folders))
        for text in package.requires or []
        if (found := _instead(text))
    ]


def _instead(text: str) -> str:
    """What there is instead of what a requirement asks for; empty when it is met."""
    try:
        asked = Requirement(text)
    except InvalidRequirement as error:
        return f"that is no requirement ({error})"
    if asked.name in OURS or (asked.marker and not asked.marker.evaluate({"extra": ""})):
        return ""
    try:
        version = metadata.version(asked.name)
    except metadata.PackageNotFoundError:
        return "that is neither installed nor added"
    return "" if asked.specifier.contains(version, prereleases=True) else f"{version} is there"
