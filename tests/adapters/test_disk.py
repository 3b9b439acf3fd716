"""When a disk is full, and in which words."""

import os
from pathlib import Path

import pytest

from faastraingym.adapters import disk
from faastraingym.adapters.disk import MIB, Space

HOME = Path("/home/somebody/.faastrain")


@pytest.mark.parametrize(
    ("free", "total", "full"),
    [
        (0, 500 * MIB, True),
        (31 * MIB, 500 * MIB, True),
        (33 * MIB, 500 * MIB, False),
        (900 * MIB, 100_000 * MIB, True),  # the object store wants one part in a hundred
        (1100 * MIB, 100_000 * MIB, False),
    ],
)
def test_a_disk_is_full_before_its_last_byte(free: int, total: int, full: bool) -> None:
    """The servers refuse writes a little earlier."""
    space = Space(HOME, free, total)
    assert space.is_full == full
    assert bool(space.trouble) == full


def test_the_words_name_the_disk_and_what_to_do() -> None:
    """In one line."""
    assert Space(HOME, 3 * MIB, 500 * MIB).trouble == (
        "the disk of /home/somebody/.faastrain is full: 3 MiB free, 32 are needed; make room "
        "there, and the runs continue"
    )


@pytest.mark.parametrize(("files", "full"), [(0, True), (127, True), (128, False), (None, False)])
def test_a_disk_is_full_when_it_takes_no_more_files(files: int | None, full: bool) -> None:
    """However many bytes are free; a file system without that bound is never full so."""
    assert Space(HOME, 400 * MIB, 500 * MIB, files).is_full == full


def test_the_words_name_inodes_when_bytes_are_not_what_is_lacking() -> None:
    """And how to see it."""
    assert Space(HOME, 400 * MIB, 500 * MIB, 4).trouble == (
        "the disk of /home/somebody/.faastrain is full: 4 inodes free, 128 are needed, one for "
        "each file (`df -i` counts them); remove files there, and the runs continue"
    )


def _told(files: int, free_files: int) -> os.statvfs_result:
    """bsize, frsize, blocks, bfree, bavail, files, ffree, favail, flag, namemax."""
    return os.statvfs_result((4096, 512, 1000, 400, 300, files, free_files + 9, free_files, 0, 255))


def test_what_a_file_system_tells_is_what_an_ordinary_user_may_use() -> None:
    """Not the reserve of the superuser, and in the units of the file system."""
    assert disk.of_statistics(HOME, _told(70, 5)) == Space(HOME, 300 * 512, 1000 * 512, 5)


def test_a_file_system_that_tells_of_no_inodes_at_all_has_no_such_bound() -> None:
    """Btrfs makes them as it needs them, and tells 0 of 0."""
    assert disk.of_statistics(HOME, _told(0, 0)).free_files is None


def test_a_folder_that_is_not_there_yet_is_on_its_parents_disk(tmp_path: Path) -> None:
    """What `faastrain up` would find."""
    there, to_be = disk.space(tmp_path), disk.space(tmp_path / "not" / "yet")
    assert (to_be.total, to_be.folder) == (there.total, tmp_path / "not" / "yet")


def test_outside_of_an_embedded_stack_no_disk_is_ours() -> None:
    """A cluster's replica says nothing of the disk that it happens to run on."""
    assert disk.trouble({}) == ""
