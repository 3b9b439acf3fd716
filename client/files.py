"""Files that are written whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path

from faastraingym.client.errors import BadInput

RESULTS = Path("runs")  # where each run has a folder of its results


def of_run(name: str) -> Path:
    """The folder of a run's results, unless another one is named."""
    return RESULTS / name


def in_folder(path: Path) -> Path:
    """`path`, when it is no folder, and its folder is there.

    Raises:
        BadInput: it is one, or there is none.
    """
    if path.is_dir():
        raise BadInput(f"{path}: is a folder; name a file in it")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: there is no folder {path.parent}; make it first")
    return path


def write(path: Path, data: bytes) -> None:
    """Write the file whole or not at all.

    Raises:
        BadInput: it cannot be written there.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadInput(f"{path}: cannot be written: {error.strerror}; choose another") from error


def write_all(folder: Path, files: Mapping[str, bytes], force: bool = False) -> list[Path]:
    """Write files into a folder; one that is there already, with that content, stays.

    Raises:
        BadInput: other content is there, and `force` is not set; or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = [name for name, data in files.items() if _differs(folder / name, data)]
    except OSError as error:
        raise BadInput(
            f"{folder}: cannot be written: {error.strerror}; name another folder"
        ) from error
    if others and not force:
        raise BadInput(
            f"{folder / others[0]} is there with other content; name another folder, or --force "
            "replaces it"
        )
    for name, data in files.items():
        if name in others or not (folder / name).exists():
            write(folder / name, data)
    return [folder / name for name in files]


def _differs(path: Path, data: bytes) -> bool:
    return path.exists() and path.read_bytes() != data


def makeable(folder: Path) -> None:
    """Return when files can be written into this folder, which may be made first.

    Raises:
        BadInput: a file is there or on the way, or we may not write there.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise BadInput(f"{folder}: no folder can be made or written in {there}; name another one")


def unused(folder: Path) -> None:
    """Return when a run's files can go there.

    Raises:
        BadInput: the folder has files.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise BadInput(f"{folder}: has files already; choose another name, or another folder")
