"""A disk that is full, in words: where the stack's state lies, and what to do."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MIB = 1 << 20
LEAST_BYTES = 32 * MIB
LEAST_SHARE = 0.01  # below that SeaweedFS takes no writes
STACK_VARIABLE = "FTG_STACK"  # in every process of an embedded stack: its home


class Space(NamedTuple):
    """The disk of a folder."""

    folder: Path
    free: int  # bytes
    total: int

    @property
    def least(self) -> int:
        """Bytes that must be free for the servers to take writes."""
        return max(LEAST_BYTES, int(self.total * LEAST_SHARE))

    @property
    def is_full(self) -> bool:
        """Whether the servers can be expected to refuse writes."""
        return self.free < self.least

    @property
    def trouble(self) -> str:
        """What is wrong and what to do; empty while there is room."""
        if not self.is_full:
            return ""
        return (
            f"the disk of {self.folder} is full: {self.free // MIB} MiB free, "
            f"{self.least // MIB} are needed; make room there, and the runs go on by themselves"
        )


def space(folder: Path) -> Space:
    """The disk of `folder`, or of where it will be."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    usage = shutil.disk_usage(there)
    return Space(folder, usage.free, usage.total)


def trouble(environment: Mapping[str, str]) -> str:
    """What is wrong with the disk of the embedded stack that this process belongs to, if any."""
    home = environment.get(STACK_VARIABLE)
    return space(Path(home)).trouble if home else ""
