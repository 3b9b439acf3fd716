"""Which modules Python files import, read from their text: nothing is imported."""

import ast
import sys
from collections.abc import Iterator, Mapping

from faastraingym.schemas.errors import PackageError


def imported(files: Mapping[str, bytes]) -> set[str]:
    """The top modules that the `.py` files among these import, Python's own apart.

    Raises:
        PackageError: a file is no Python.
    """
    found: set[str] = set()
    for name, text in files.items():
        if name.endswith(".py"):
            found.update(_of_file(name, text))
    return found - sys.stdlib_module_names


def _of_file(name: str, text: bytes) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        why = getattr(error, "msg", None) or error
        raise PackageError(f"{name}{where}: is no Python: {why}; correct the file") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]
