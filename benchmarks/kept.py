"""Files of what was measured: whole whenever a benchmark is cut off, and of one machine alone."""

import hashlib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from benchmarks import machine

LOAD = "load before"  # of a machine's description: not part of what it is
Known = TypeVar("Known", bound=msgspec.Struct)


def write(file: Path, data: bytes) -> None:
    """Put `data` in the file's place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_name(f"{file.name}.new")
    written.write_bytes(data)
    written.replace(file)


def document(made: Any) -> bytes:
    """JSON with a line for each value."""
    return msgspec.json.format(msgspec.json.encode(made)) + b"\n"


def settings(file: Path) -> str:
    """The digest of all that a file says with which something is measured."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def of_machine(file: Path, kind: type[Known]) -> Known:
    """What the file has of this machine and these versions; nothing of another's counts.

    `kind` has the field `machine`; all others have defaults.
    """
    here = {name: value for name, value in machine.describe().items() if name != LOAD}
    if file.exists():
        found: Any = msgspec.json.decode(file.read_bytes(), type=kind)
        if found.machine == here:
            return found
    return kind(machine=here)  # type: ignore[call-arg]
