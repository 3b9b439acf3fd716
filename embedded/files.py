"""Files that only their owner may read, written whole or not at all."""

import os
from pathlib import Path

from adapters import disk
from embedded.errors import StackError

LEAST_TO_START = 256 * disk.MIB  # for the servers' own files and a first run
LEAST_FILES_TO_START = 1_000


def check_space(home: Path) -> None:
    """Return when a stack can start there.

    Raises:
        StackError: the disk is too full.
    """
    found = disk.space(home)
    lack = found.lack(max(LEAST_TO_START, found.least), LEAST_FILES_TO_START)
    if lack:
        raise StackError(
            f"the disk of {home}: only {lack} there, or set FAASTRAIN_HOME to another folder."
        )


def private_folder(path: Path) -> Path:
    """Create a folder of mode 0700."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600; a reader sees the old or the new one."""
    draft = path.with_name(f".{os.getpid()}")  # short: the name itself may be as long as can be
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    draft.replace(path)
