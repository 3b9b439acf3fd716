"""Files that only their owner may read, written whole or not at all."""

import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

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


def empty_folder(path: Path) -> Path:
    """A folder of mode 0700 with nothing in it, whatever was there."""
    shutil.rmtree(path, ignore_errors=True)
    return private_folder(path)


def appending(path: Path) -> BinaryIO:
    """A log to append to, unbuffered, of mode 0600 whatever the umask and whatever its mode was."""
    return open(path, "ab", buffering=0, opener=_private)


def tighten(folder: Path) -> None:
    """Leave the files below a folder to their owner alone: earlier versions wrote them by umask."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.close(_private(str(path), os.O_RDONLY))


def _private(path: str, flags: int) -> int:
    descriptor = os.open(path, flags, 0o600)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) and stat.S_IMODE(mode) & 0o077:
        os.fchmod(descriptor, 0o600)
    return descriptor


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600; a reader sees the old or the new one."""
    draft = path.with_name(f".{os.getpid()}")  # short: the name itself may be as long as can be
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    draft.replace(path)
