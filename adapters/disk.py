"""Whether the disk of the stack's state is full, in words, with the remedy."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MIB = 1 << 20
LEAST_BYTES = 32 * MIB
LEAST_SHARE = 0.01  # below that SeaweedFS takes no writes
LEAST_FILES = 128  # the servers' next ones, and the sockets of replicas
STACK_VARIABLE = "FTG_STACK"  # in every process of an embedded stack: its home


class Space(NamedTuple):
    """The space on the disk of a folder."""

    folder: Path
    free: int  # bytes
    total: int
    free_files: int | None = None  # inodes; None: the file system has no such bound

    @property
    def least(self) -> int:
        """Bytes that must be free for the servers to take writes."""
        return max(LEAST_BYTES, int(self.total * LEAST_SHARE))

    @property
    def is_full(self) -> bool:
        """Whether the servers can be expected to refuse writes."""
        return bool(self.trouble)

    @property
    def trouble(self) -> str:
        """The problem and its remedy; empty while there is room."""
        lack = self.lack(self.least, LEAST_FILES)
        if not lack:
            return ""
        return f"the disk of {self.folder} is full: {lack} there, and the runs continue"

    def lack(self, least: int, files: int) -> str:
        """What is short of `least` bytes or `files` inodes, and the remedy; empty: nothing is."""
        if self.free < least:
            return f"{self.free // MIB} MiB free, {least // MIB} are needed; make room"
        if self.free_files is not None and self.free_files < files:
            return (
                f"{self.free_files} inodes free, {files} are needed, one for each file "
                "(`df -i` counts them); remove files"
            )
        return ""


def space(folder: Path) -> Space:
    """The disk of `folder`, or of where it will be."""
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    return of_statistics(folder, os.statvfs(there))


def of_statistics(folder: Path, found: os.statvfs_result) -> Space:
    """From `statvfs`; file systems that create inodes on demand report none at all."""
    files = found.f_favail if found.f_files else None
    return Space(folder, found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, files)


def trouble(environment: Mapping[str, str]) -> str:
    """The problem with the disk of this process's embedded stack; empty if there is none."""
    home = environment.get(STACK_VARIABLE)
    return space(Path(home)).trouble if home else ""
