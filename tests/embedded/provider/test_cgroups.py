"""What is written to a replica's control group and read from it; plain files stand for a kernel's.

Real groups are in test_provider.py, of the version that the machine has.
"""

from pathlib import Path

import pytest

from faastraingym.embedded.provider.cgroup_tree import V1, V2, Version
from faastraingym.embedded.provider.cgroups import Group, Groups, prefix

LIMIT = 256 << 20
SAID_BY_2 = "low 0\nhigh 0\nmax 31\noom 1\noom_kill 1\noom_group_kill 1\n"
SAID_BY_1 = "oom_kill_disable 1\nunder_oom 0\noom_kill 12\n"


def group(version: Version, folder: Path, *files: str) -> Group:
    """A group that a kernel has made, with these files."""
    for name in files:
        (folder / name).touch()
    return Group(version, folder)


def test_a_group_of_version_2_has_a_limit_no_swap_and_dies_as_one(tmp_path: Path) -> None:
    made = group(V2, tmp_path, "memory.max", "memory.swap.max", "memory.oom.group")
    made.bound(LIMIT)
    written = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert written == {
        "memory.max": "268435456",
        "memory.swap.max": "0",
        "memory.oom.group": "1",
    }


def test_a_group_of_version_1_has_a_limit_that_swap_counts_towards(tmp_path: Path) -> None:
    group(V1, tmp_path, "memory.limit_in_bytes", "memory.memsw.limit_in_bytes").bound(LIMIT)
    assert {file.read_text() for file in tmp_path.iterdir()} == {"268435456"}


@pytest.mark.parametrize(("version", "file"), [(V2, "memory.max"), (V1, "memory.limit_in_bytes")])
def test_a_kernel_that_counts_no_swap_keeps_the_limit_all_the_same(
    tmp_path: Path, version: Version, file: str
) -> None:
    """One without a memory controller there does not."""
    with pytest.raises(FileNotFoundError):
        group(version, tmp_path).bound(LIMIT)
    group(version, tmp_path, file).bound(LIMIT)
    assert (tmp_path / file).read_text() == "268435456"


@pytest.mark.parametrize(
    ("version", "said", "killed"),
    [
        (V2, SAID_BY_2, True),
        (V2, SAID_BY_2.replace("kill 1", "kill 0"), False),
        (V1, SAID_BY_1, True),
        (V1, SAID_BY_1.replace("12", "0"), False),
    ],
)
def test_a_group_tells_whether_its_limit_has_killed(
    tmp_path: Path, version: Version, said: str, killed: bool
) -> None:
    made = group(version, tmp_path)
    assert not made.has_killed()  # it is gone already
    (tmp_path / version.events).write_text(said)
    assert made.has_killed() == killed


def test_who_is_forked_joins_by_himself(tmp_path: Path) -> None:
    made = group(V2, tmp_path, "cgroup.procs")
    made.join()
    assert (tmp_path / "cgroup.procs").read_text() == "0"
    (tmp_path / "cgroup.procs").write_text("12\n345\n")
    assert made.processes() == [12, 345]


def test_where_no_group_can_be_made_there_is_none(tmp_path: Path) -> None:
    """A folder that is no group's, or not ours: nothing is left in it."""
    assert Groups(V2, tmp_path, tmp_path).make("rollout-1f2e", LIMIT) is None
    assert Groups(V2, tmp_path / "away", tmp_path).make("rollout-1f2e", LIMIT) is None
    assert list(tmp_path.iterdir()) == []


def test_groups_of_one_home_are_told_from_those_of_another() -> None:
    """By their names, whoever looks for them."""
    assert prefix(Path("/a")) != prefix(Path("/b"))
    assert prefix(Path("/a/../b")) == prefix(Path("/b"))
