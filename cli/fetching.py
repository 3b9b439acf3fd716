"""A run's results as files of a folder."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from faastraingym.cli import exporting
from faastraingym.cli.errors import BadInput


def name_of(key: str) -> str:
    """What the object of a key is called on disk: `report.json`, `policy-30.msgpack`."""
    path = PurePosixPath(key)
    return f"policy-{path.name}" if path.parent.name == "policies" else path.name


def write(folder: Path, files: Mapping[str, bytes], force: bool) -> list[Path]:
    """Write each file whole or not at all; one that is there already, with that content, stays.

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
            exporting.write(folder / name, data)
    return [folder / name for name in files]


def _differs(path: Path, data: bytes) -> bool:
    return path.exists() and path.read_bytes() != data
