"""Where control groups of replicas can be made, from what kernels tell."""

from pathlib import Path

import pytest

from faastraingym.embedded.provider.cgroup_tree import V1, V2, Tree, parents, tree

HYBRID = "9:name=systemd:/\n4:memory:/jobs/7\n3:cpuset:/\n0::/\n"
HYBRID_MOUNTS = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
UNIFIED = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/shell.scope\n"
UNIFIED_MOUNTS = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
# A container of Docker's without a namespace of its own: its group alone is mounted.
DOCKER = "5:memory:/docker/ab12\n"
DOCKER_MOUNTS = "99 98 0:32 /docker/ab12 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
ROOT = Path("/sys/fs/cgroup")
SHELL = ROOT / "user.slice/user-1000.slice/user@1000.service/app.slice/shell.scope"


@pytest.mark.parametrize(
    ("own", "mounts", "found"),
    [
        (HYBRID, HYBRID_MOUNTS, Tree(V1, ROOT / "memory", ROOT / "memory/jobs/7")),
        (UNIFIED, UNIFIED_MOUNTS, Tree(V2, ROOT, SHELL)),
        (DOCKER, DOCKER_MOUNTS, Tree(V1, ROOT / "memory", ROOT / "memory")),
        ("0::/\n", UNIFIED_MOUNTS, Tree(V2, ROOT, ROOT)),  # a namespace of its own
        (UNIFIED, "", None),
        ("", UNIFIED_MOUNTS, None),
        ("3:cpuset:/\n", HYBRID_MOUNTS, None),
    ],
)
def test_the_tree_of_the_memory_controller_is_found(
    own: str, mounts: str, found: Tree | None
) -> None:
    """Its version, where it is mounted, and this process's group in it."""
    assert tree(own, mounts) == found


def test_a_group_of_version_2_is_made_below_one_that_hands_memory_down(tmp_path: Path) -> None:
    """The own one has processes, so it cannot; the nearest above it that does comes first."""
    own = tmp_path / "user.slice" / "app.slice" / "shell.scope"
    own.mkdir(parents=True)
    for folder, controllers in (
        (own, ""),
        (own.parent, "cpu memory pids\n"),
        (own.parent.parent, "cpu\n"),
        (tmp_path, "memory\n"),
    ):
        (folder / "cgroup.subtree_control").write_text(controllers)
    assert list(parents(Tree(V2, tmp_path, own))) == [own.parent, tmp_path]


def test_a_group_of_version_1_is_made_below_ones_own() -> None:
    assert list(parents(Tree(V1, ROOT, ROOT / "jobs"))) == [ROOT / "jobs"]
