"""What a refusal tells to do, in the words of who was refused: the command line or Python.

A specification is refused in its own words: `set environment.kwargs.max_episode_steps = N`.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

Form = Callable[[str, str], str]  # how a key and its value are written

SET = re.compile(r"\bset ([a-z_]+(?:\.[a-z_]+)+) = (\"\w+\"|\w+)")
UNKNOWN = re.compile(r"(no environment '([^']+)' is registered).*")
MAX_FILES, MAX_BYTES = 200, 1 << 20  # that are looked through for a class


def option(key: str, value: str) -> str:
    """As on the command line."""
    return f"--set {key}={value}"


def keyword(key: str, value: str) -> str:
    """As an argument of `train`."""
    section, *path = key.split(".")
    value = {"true": "True", "false": "False"}.get(value, value)
    if section == "algorithm":
        return f"{path[0]}={value}"
    for name in reversed(path):
        value = f'{{"{name}": {value}}}'
    return f"{section}={value}"


def told(problem: str, form: Form | None, folder: Path) -> str:
    """The problem, with what to write, and with the file here that has the environment.

    Args:
        problem: one sentence of a refused specification.
        form: of who named it; None: they write a file.
        folder: where their code lies.
    """
    if form:
        problem = SET.sub(lambda found: f"write {form(*found.groups())}", problem)
    unknown = UNKNOWN.search(problem)
    here = next(_files_with(unknown[2], folder), None) if unknown else None
    if unknown and here:
        meant = f"{here.name}:{unknown[2]}"
        problem = UNKNOWN.sub(lambda found: f"{found[1]}; did you mean {meant!r}?", problem)
    return problem


def _files_with(name: str, folder: Path) -> Iterator[Path]:
    """The Python files in a folder that have a class of this name, or register such an id."""
    has = re.compile(
        rf"^class {re.escape(name)}\b|\bregister\(\s*(?:id\s*=\s*)?[\"']{re.escape(name)}[\"']",
        re.MULTILINE,
    )
    for file in sorted(folder.glob("*.py"))[:MAX_FILES]:
        try:
            with file.open(encoding="utf-8", errors="replace") as text:
                if has.search(text.read(MAX_BYTES)):
                    yield file
        except OSError:
            continue  # it is only a suggestion
