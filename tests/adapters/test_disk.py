"""When a disk is full, and in which words."""

from pathlib import Path

import pytest

from adapters import disk
from adapters.disk import MIB, Space

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
        "there, and the runs go on by themselves"
    )


def test_a_folder_that_is_not_there_yet_is_on_its_parents_disk(tmp_path: Path) -> None:
    """What `faastrain up` would find."""
    there, to_be = disk.space(tmp_path), disk.space(tmp_path / "not" / "yet")
    assert (to_be.total, to_be.folder) == (there.total, tmp_path / "not" / "yet")


def test_outside_of_an_embedded_stack_no_disk_is_ours() -> None:
    """A cluster's replica says nothing of the disk that it happens to run on."""
    assert disk.trouble({}) == ""
