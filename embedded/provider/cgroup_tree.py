"""The control groups of this process's memory controller: Linux's versions 1 and 2.

Version 2 has all controllers in one tree, version 1 the memory controller in a tree of its own
(https://docs.kernel.org/admin-guide/cgroup-v2.html).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

OWN = Path("/proc/self/cgroup")
MOUNTS = Path("/proc/self/mountinfo")


class Version(NamedTuple):
    """A version's files; a limit that is an int is the group's own, in bytes."""

    limits: tuple[tuple[str, int | None], ...]  # None: the group's limit; in this order
    optional: frozenset[str]  # of those: where the kernel counts no swap, or is older
    events: str  # has a line `oom_kill <count>`


V2 = Version(
    (("memory.max", None), ("memory.swap.max", 0), ("memory.oom.group", 1)),
    frozenset({"memory.swap.max", "memory.oom.group"}),
    "memory.events",
)
V1 = Version(
    (("memory.limit_in_bytes", None), ("memory.memsw.limit_in_bytes", None)),
    frozenset({"memory.memsw.limit_in_bytes"}),
    "memory.oom_control",
)


class Tree(NamedTuple):
    """The groups of the memory controller, as a process sees them."""

    version: Version
    root: Path  # where they are mounted
    own: Path  # the group of the process


def here() -> Tree | None:
    """The groups of the memory controller; None: this is no Linux, or has none."""
    try:
        return tree(OWN.read_text(), MOUNTS.read_text())
    except OSError:
        return None


def tree(own: str, mounts: str) -> Tree | None:
    """The groups, read from the kernel's files: where version 1 has the controller, version 2 has
    not.
    """
    groups = {names: path for _, names, path in (line.split(":", 2) for line in own.splitlines())}
    for controllers, path in groups.items():
        if "memory" in controllers.split(","):
            return _mounted(V1, path, mounts)
    return _mounted(V2, groups[""], mounts) if "" in groups else None


def parents(tree: Tree) -> Iterator[Path]:
    """The groups below which a replica's may be made, the nearest first.

    A group of version 2 hands its memory controller down or has processes of its own, not both.
    """
    if tree.version is V1:
        yield tree.own
        return
    for folder in (tree.own, *tree.own.parents):
        with contextlib.suppress(OSError):
            if "memory" in (folder / "cgroup.subtree_control").read_text().split():
                yield folder
        if folder == tree.root:
            return


def _mounted(version: Version, path: str, mounts: str) -> Tree | None:
    """A group's folder where its tree is mounted, which may be a part of the whole tree."""
    for line in mounts.splitlines():
        what, _, of = line.partition(" - ")
        inner, point = what.split()[3:5]
        kind, _, options = of.split(" ", 2)
        fits = kind == "cgroup2" if version is V2 else "memory" in options.split(",")
        if fits and kind.startswith("cgroup"):
            within = Path(path).relative_to(inner) if Path(path).is_relative_to(inner) else ""
            return Tree(version, Path(point), Path(point) / within)
    return None
