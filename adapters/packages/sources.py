"""What an author names as an environment's code: a file, a folder, a wheel, or a class."""

import os
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from faastraingym.adapters.packages.imports import imported
from faastraingym.adapters.packages.packing import packed
from faastraingym.adapters.packages.wheels import (
    MAX_FILES,
    MAX_UNPACKED,
    Package,
    is_inside,
    read,
)
from faastraingym.schemas.errors import PackageError

SCRIPT = re.compile(r"(?m)^# /// script$\s(?P<lines>(^#(| .*)$\s)+)^# ///$")  # PEP 723's own
IGNORED = ("__pycache__",)  # and what is hidden
CLASS_FILE = (
    "write the class into a file of its own (in a notebook: a cell that begins with "
    "`%%writefile my_env.py`) and train `my_env.py:{name}`"
)


class Source(NamedTuple):
    """An environment of one's own: its code, and its id once the code is added."""

    package: Package
    env_id: str  # `module:name`; the name is empty where only code was named


def pack(source: "str | Path | type") -> Source:
    """The package of what an author names, and the environment's id in it.

    Args:
        source: a file, a folder with `__init__.py` or a wheel, with `:NAME` behind it where an
            environment is meant, or a class.

    Raises:
        PackageError: it cannot be packed; says what to do.
    """
    if isinstance(source, type):
        return _of_class(source)
    text = str(source)
    place, colon, name = text.rpartition(":")
    if not colon or Path(text).exists():
        place, name = text, ""
    path = Path(place)
    if path.suffix == ".whl":
        package = read(_bytes(path), path.name)
        return Source(package, f"{package.modules[0]}:{name}")
    module, package = _of_path(path)
    return Source(package, f"{module}:{name}")


def _of_path(path: Path) -> tuple[str, Package]:
    """The module's name and the package of a file or a folder."""
    resolved = path.resolve()
    module = resolved.stem if resolved.suffix == ".py" else resolved.name
    if not resolved.exists():
        raise PackageError(f"{path}: no such file or folder; name a .py file, a folder or a wheel")
    if resolved.suffix != ".py" and not resolved.is_dir():
        raise PackageError(f"{path}: is no Python; name a .py file, a folder or a wheel (.whl)")
    if not module.isidentifier():
        raise PackageError(
            f"{path}: {module!r} is no name of a module; rename it to letters, digits and _"
        )
    if resolved.is_dir():
        return module, packed(module, _of_folder(resolved, path))
    text = _bytes(resolved)
    files = {resolved.name: text}
    beside = sorted(name for name in imported(files) - {module} if _lies_beside(resolved, name))
    if beside:
        raise PackageError(
            f"{path}: imports {beside[0]}, which lies beside it and would stay here; put both into "
            "a folder with an __init__.py, import it as `from . import "
            f"{beside[0]}`, and name the folder"
        )
    return module, packed(module, files, _script_requirements(text, path))


def _lies_beside(file: Path, module: str) -> bool:
    folder = file.parent
    return any(path.exists() for path in (folder / f"{module}.py", folder / module / "__init__.py"))


def _of_folder(folder: Path, called: Path) -> dict[str, bytes]:
    """The files of a package's folder, by their path from where it lies."""
    if not (folder / "__init__.py").is_file():
        wheel = (folder / "pyproject.toml").exists() or (folder / "setup.py").exists()
        todo = (
            f"build a wheel with `pip wheel --no-deps {called}` and name that"
            if wheel
            else "write one that imports or registers the environment"
        )
        raise PackageError(f"{called}: has no __init__.py; {todo}")
    found: dict[str, bytes] = {}
    size = 0
    for file in _files(folder):
        name = file.relative_to(folder.parent).as_posix()
        if file.is_symlink() or not is_inside(name):
            raise PackageError(f"{file}: is a link, or has a name that other systems lack")
        size += file.stat().st_size
        if len(found) >= MAX_FILES or size > MAX_UNPACKED:
            raise PackageError(
                f"{called}: is larger than {MAX_FILES} files of {MAX_UNPACKED} bytes together; "
                "leave out what the environment does not read"
            )
        found[name] = _bytes(file)
    return found


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in IGNORED and name[0] != "."]
        linked = [name for name in folders if Path(place, name).is_symlink()]
        visible = [name for name in names if name[0] != "." and not name.endswith(".pyc")]
        yield from (Path(place, name) for name in (*linked, *visible))


def _of_class(kind: type) -> Source:
    """The package that a class lies in."""
    name, place = kind.__qualname__, kind.__module__
    if place == "__main__":
        raise PackageError(
            f"{name}: is a class of __main__, which functions cannot import; "
            + CLASS_FILE.format(name=name)
        )
    if "<locals>" in name or "." in name:
        raise PackageError(
            f"{name}: is defined inside of a function or a class; "
            + CLASS_FILE.format(name=name.rpartition(".")[2])
        )
    top = place.partition(".")[0]
    file = getattr(sys.modules.get(top), "__file__", None)
    if not file:
        raise PackageError(f"{place}: has no file; {CLASS_FILE.format(name=name)}")
    path = Path(file)
    _, package = _of_path(path.parent if path.name == "__init__.py" else path)
    return Source(package, f"{place}:{name}")


def _script_requirements(text: bytes, path: Path) -> list[str]:
    """The requirements in a file's block of inline metadata (PEP 723), if it has one."""
    found = SCRIPT.search(text.decode(errors="replace").replace("\r\n", "\n"))
    if found is None:
        return []
    lines = (line[2:] if line.startswith("# ") else line[1:] for line in found["lines"].split("\n"))
    try:
        return list(map(str, tomllib.loads("\n".join(lines)).get("dependencies", [])))
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise PackageError(f"{path}: its block `# /// script` is no TOML: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_UNPACKED:
            raise PackageError(f"{path}: is larger than {MAX_UNPACKED} bytes; name a smaller one")
        return path.read_bytes()
    except OSError as error:
        raise PackageError(f"{path}: cannot be read: {error.strerror}") from error
