"""Memory limits kept by Linux itself, where it lets us make control groups: one for each replica.

That is as root, or where they were delegated to us (systemd does so for a user's services); in a
container mostly not. Elsewhere embedded/provider/memory.py looks once a second, and misses a burst.
"""

import contextlib
import hashlib
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

from faastraingym.embedded.provider.cgroup_tree import OWN, Version, here, parents

PROBE_BYTES = 64 << 20
SECONDS = 5.0


class Group(NamedTuple):
    """The group of one replica."""

    version: Version
    folder: Path

    def bound(self, limit: int) -> None:
        """Let it have `limit` bytes of memory and no swap; raises OSError: the kernel refuses."""
        for name, value in self.version.limits:
            file = self.folder / name
            if file.exists() or name not in self.version.optional:
                _write(file, limit if value is None else value)

    def join(self) -> None:
        """Let this process, just forked, belong to it; where that is refused, it stays outside."""
        with contextlib.suppress(OSError):
            _write(self.folder / "cgroup.procs", 0)

    def processes(self) -> list[int]:
        """The processes that belong to it."""
        with contextlib.suppress(OSError):
            return [int(pid) for pid in (self.folder / "cgroup.procs").read_text().split()]
        return []

    def has_killed(self) -> bool:
        """Whether the kernel has killed a process of it for its memory."""
        with contextlib.suppress(OSError):
            events = (self.folder / self.version.events).read_text()
            return re.search(r"^oom_kill [1-9]", events, re.MULTILINE) is not None
        return False

    def remove(self) -> bool:
        """Remove it, and end what its replica has left in it; False while that is not gone."""
        for pid in self.processes():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self.folder.rmdir()
        return not self.folder.exists()


class Groups(NamedTuple):
    """The place where the groups of a home's replicas are made."""

    version: Version
    parent: Path
    home: Path

    def make(self, name: str, limit: int) -> Group | None:
        """The group of a replica, of `limit` bytes without swap; None where it cannot be made."""
        group = Group(self.version, self.parent / f"{prefix(self.home)}{name}")
        try:
            group.folder.mkdir()
            group.bound(limit)
        except OSError:
            group.remove()
            return None
        return group


def of_home(home: Path) -> Groups | None:
    """The place for a home's groups, which was tried; None: there is none."""
    tree = here()
    if tree is None:
        return None
    found = (Groups(tree.version, parent, home) for parent in parents(tree))
    return next(filter(_works, found), None)


def sweep(home: Path) -> None:
    """Remove the groups that a home's killed provider has left, in any session."""
    tree = here()
    if tree is None:
        return
    for folder, names, _ in os.walk(tree.root):
        for name in names:
            if name.startswith(prefix(home)):
                Group(tree.version, Path(folder, name)).remove()


def prefix(home: Path) -> str:
    """The prefix of the names of a home's groups."""
    return f"faastrain-{hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]}-"


def _write(file: Path, value: int) -> None:
    descriptor = os.open(file, os.O_WRONLY)  # which the kernel has made
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)


def _works(groups: Groups) -> bool:
    """Whether a process can be put into a group there."""
    group = groups.make(f"probe-{os.getpid()}", PROBE_BYTES)
    if group is None:
        return False
    try:
        found = subprocess.run(
            ["cat", str(OWN)],  # noqa: S607
            preexec_fn=group.join,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    finally:
        group.remove()
    return group.folder.name in found.stdout
