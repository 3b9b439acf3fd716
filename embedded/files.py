"""Files that only their owner may read, written whole or not at all."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from faastraingym.adapters import disk
from faastraingym.embedded.errors import StackError

LEAST_TO_START = 256 * disk.MIB  # for the servers' own files and a first run
LEAST_FILES_TO_START = 1_000
LONGEST_HOME = 3_500  # bytes; a path has 4,095 on Linux, and the servers' own names need the rest
_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def accessing(home: Path, verb: str = "write") -> Iterator[None]:
    """Raise StackError, with a sentence, where the system refuses a file of a home."""
    try:
        yield
    except OSError as error:
        raise StackError(refusal(error, home, verb)) from error


def refusal(error: OSError, home: Path, verb: str = "write") -> str:
    """The sentence: what the system refused, and what to do."""
    why = error.strerror or str(error)
    if error.errno in _FULL:
        path = error.filename or home
        return f"{path}: {why}; make room there, or set FAASTRAIN_HOME to another folder."
    return (
        f"cannot {verb} {_named(error, home)}; set FAASTRAIN_HOME to a folder that you may write"
        f" to ({why})."
    )


def _named(error: OSError, home: Path) -> str:
    """The home, or what in it was refused; not the folder above it that it was to be made in."""
    inside = isinstance(error.filename, str) and error.filename.startswith(f"{home}{os.sep}")
    return str(error.filename if inside and os.path.isdir(home) else home)


def check_path(home: Path) -> None:
    """Return when every server can be given the path of a home; raises StackError: it cannot."""
    name = os.fsencode(home)
    if len(name) > LONGEST_HOME:
        raise StackError(
            f"{str(home)[:60]}... has {len(name):,} bytes, and the servers' files need names below"
            f" it; set FAASTRAIN_HOME to a path of at most {LONGEST_HOME:,}."
        )
    try:
        name.decode()
    except UnicodeDecodeError as error:
        raise StackError(
            f"{name!r} is not UTF-8, which the stack's own files are written in; set FAASTRAIN_HOME"
            " to another folder."
        ) from error


def check_space(home: Path) -> None:
    """Return when a stack can start there; raises StackError: the disk is too full."""
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
    """An empty folder of mode 0700; anything that was there is removed."""
    shutil.rmtree(path, ignore_errors=True)
    return private_folder(path)


def appending(path: Path) -> BinaryIO:
    """A log to append to, unbuffered, set to mode 0600 regardless of umask and earlier mode."""
    return open(path, "ab", buffering=0, opener=_private)


def tighten(folder: Path) -> None:
    """Let only the owner read the files below a folder: earlier versions wrote them by umask."""
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
