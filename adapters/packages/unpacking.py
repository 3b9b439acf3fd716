"""Unpacks packages into folders of their own, one for each SHA-256, shared by a user's processes.

A folder appears under its name when it is whole, so a process that is killed leaves none half made.
"""

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from faastraingym.adapters.packages.wheels import members
from faastraingym.schemas.errors import PackageError

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def root() -> Path:
    """The folder of all packages, which is this user's alone.

    Raises:
        PackageError: another user has made it.
    """
    folder = Path(tempfile.gettempdir(), f"faastraingym-packages-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise PackageError(f"{folder}: is not this user's own folder; set TMPDIR to another one")
    return folder


def unpacked(data: bytes, sha256: str, below: Path) -> Path:
    """The folder with a package's files.

    Args:
        data: the wheel.
        sha256: what its digest must be.
        below: where the folders of packages lie.

    Raises:
        PackageError: another digest, or an archive that may not be unpacked.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise PackageError(
            f"the package {sha256} has the SHA-256 {found} in the store; `faastrain env add` it "
            "again"
        )
    folder = below / sha256
    if folder.is_dir():
        return folder
    making = Path(tempfile.mkdtemp(prefix=f"{sha256[:12]}-", dir=below))
    try:
        for name, content in members(data, f"the package {sha256[:12]}"):
            _write(making / name, content)
        making.rename(folder)
    except OSError:
        if not folder.is_dir():  # another process was faster
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, FLAGS, 0o600), "wb") as target:
        target.write(content)
