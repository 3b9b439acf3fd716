"""Specifications that say more: lines that begin with `#: ` are TOML beside the specification's.

`faastrain train` reads them as comments, so one file is what a person trains with and what is
measured.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from faastraingym.algorithms import registry

MARK = "#: "
Marked = TypeVar("Marked", bound=msgspec.Struct)
Row = TypeVar("Row")


def read(
    file: Path, kind: type[Marked], parse: Callable[[Any], object] = registry.parse
) -> tuple[Marked, dict[str, Any]]:
    """What the marked lines say, and the raw specification, which `parse` checks.

    Raises:
        ValueError: the file is not there, or has not both; the text says why.
    """
    try:
        text = file.read_text()
        lines = [line[len(MARK) :] for line in text.splitlines() if line.startswith(MARK)]
        said = msgspec.convert(tomllib.loads("\n".join(lines)), kind)
        raw = tomllib.loads(text)
        parse(raw)
    except (OSError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error
    return said, raw


def rows(
    folder: Path, read: Callable[[Path], Row]
) -> tuple[Callable[[], list[str]], Callable[[str], Row]]:
    """What tells the names of a folder's files, and what reads the file of a name."""

    def names() -> list[str]:
        return sorted(file.stem for file in folder.glob("*.toml"))

    def named(name: str) -> Row:
        return read(folder / f"{name}.toml")

    return names, named
