"""What may be in a wheel that functions unpack, and what a wheel is."""

import hashlib
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.adapters.packages import wheels
from faastraingym.adapters.packages.unpacking import unpacked
from faastraingym.adapters.packages.wheels import is_inside, members, read
from faastraingym.schemas.errors import PackageError
from tests.adapters.packages.archives import lying, wheel, zeros


def test_a_wheel_says_what_it_is() -> None:
    metadata = b"Metadata-Version: 2.1\nName: my-maze\nVersion: 2.1\nRequires-Dist: pygame>=2\n"
    package = read(
        wheel(
            {
                "maze/__init__.py": b"import os, scipy.stats\nfrom . import walls\nimport evil",
                "maze/walls.py": b"from shapely import geometry",
                "evil-1.dist-info/METADATA": metadata,
            }
        ),
        "my_maze-2.1-py3-none-any.whl",
    )
    assert (package.name, package.version) == ("my-maze", "2.1")
    assert package.modules == ("evil", "maze")
    assert package.imports == ("gymnasium", "scipy", "shapely")
    assert package.requires == ("pygame>=2",)
    record = package.record(5.0)
    assert (record.sha256, record.size) == (package.sha256, len(package.data))


REFUSED = {
    "traversal": (wheel({"../evil.py": b""}), "would leave the package's folder"),
    "absolute": (wheel({"/etc/evil.py": b""}), "would leave the package's folder"),
    "inner traversal": (wheel({"evil/../../x.py": b""}), "would leave the package's folder"),
    "Windows": (wheel({"C:\\evil.py": b""}), "would leave the package's folder"),
    "symlink": (wheel({"link.py": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777), "is a link"),
    "device": (wheel({"device": b""}, mode=stat.S_IFCHR | 0o666), "is a link or a device"),
    "file below a file": (wheel({"a": b"", "a/b.py": b""}), "'a' is there twice"),
    "one name, two cases": (wheel({"a.py": b"", "A.py": b""}), "is there twice"),
    "too many files": (
        wheel({f"data/{i}": b"" for i in range(wheels.MAX_FILES)}),
        f"in {wheels.MAX_FILES + 4} files; allowed: at most",
    ),
    "other compression": (wheel({"a.py": b"x"}, compression=zipfile.ZIP_LZMA), "another method"),
    "no zip archive": (b"\x1f\x8b" + bytes(40), "is no wheel: File is not a zip file"),
    "cut short": (wheel()[:-30], "is no wheel: "),
    "no metadata": (wheel(without="evil-1.dist-info/METADATA"), "has no evil-1.dist-info/METADATA"),
    "compiled code": (wheel({"evil.cpython-311.so": b""}), "compiled code does not travel"),
    "for a machine": (
        wheel({"evil-1.dist-info/WHEEL": b"Tag: cp311-cp311-manylinux_2_28_x86_64\n"}),
        "is built for cp311-cp311-manylinux_2_28_x86_64",
    ),
    "scripts": (wheel({"evil-1.data/scripts/evil": b""}), "belongs outside of the package"),
    "hides Python's": (wheel({"random.py": b""}), "its module random would hide Python's"),
    "hides ours": (wheel({"numpy/__init__.py": b""}), "its module numpy would hide"),
    "no Python": (wheel({"x.py": b"def x(:"}), "x.py, line 1: is no Python: invalid syntax"),
}


@pytest.mark.parametrize(("data", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_may_not_be_added_is_told_in_one_sentence(data: bytes, problem: str) -> None:
    with pytest.raises(PackageError) as refusal:
        read(data, "evil.whl")
    assert problem in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_gigabyte_of_zeros_is_not_unpacked() -> None:
    """1 MB of archive: what it says of itself is enough to refuse it."""
    bomb = zeros(1 << 30)
    assert len(bomb) < wheels.MAX_BYTES
    tracemalloc.start()
    try:
        with pytest.raises(PackageError, match=r"would unpack to 1073\d+ bytes in 5 files"):
            list(members(bomb, "bomb.whl"))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_an_archive_that_lies_about_its_size_costs_no_more_than_it_says() -> None:
    bomb = lying(48 << 20, told=100)
    tracemalloc.start()
    try:
        with pytest.raises(PackageError, match=r"is no wheel: Bad CRC-32"):
            list(members(bomb, "bomb.whl"))
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_more_bytes_than_a_package_may_have() -> None:
    with pytest.raises(PackageError, match=r"has 16777217 bytes; allowed: at most 16777216"):
        read(bytes(wheels.MAX_BYTES + 1), "large.whl")


PARTS = st.lists(st.sampled_from(["a", "b.py", "..", ".", "", "C:", "a\\b", "\0", "ü"]), max_size=5)


@given(PARTS.map("/".join) | st.text(max_size=20))
def test_a_name_that_is_inside_lands_inside(name: str) -> None:
    folder = Path("/packages/one")
    if is_inside(name):
        landed = Path(str(folder / name))
        assert landed.is_relative_to(folder)
        assert ".." not in landed.parts
        assert "\\" not in name


@given(st.text(max_size=20), st.binary(max_size=50))
def test_whatever_a_file_is_called_it_lands_inside_or_is_refused(name: str, data: bytes) -> None:
    """Through zipfile itself, which changes some names."""
    try:
        archive = wheel({name: data})
        found = dict(members(archive, "x.whl"))
    except (PackageError, UnicodeEncodeError, ValueError):
        return
    assert all(is_inside(one) for one in found)


def test_another_digest_is_refused(tmp_path: Path) -> None:
    data = wheel()
    wanted = read(wheel({"more.py": b""}), "other.whl").sha256
    with pytest.raises(PackageError, match=f"the package {wanted} has the SHA-256 "):
        unpacked(data, wanted, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_package_is_unpacked_once_whole_or_not_at_all(tmp_path: Path) -> None:
    data = wheel({"evil/data/table.csv": b"1,2"})
    package = read(data, "evil.whl")
    folder = unpacked(data, package.sha256, tmp_path)
    assert (folder / "evil/data/table.csv").read_bytes() == b"1,2"
    assert unpacked(data, package.sha256, tmp_path) == folder
    broken = wheel({"a/b.py": b"", "../x": b""})
    digest = hashlib.sha256(broken).hexdigest()
    with pytest.raises(PackageError):
        unpacked(broken, digest, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [package.sha256]
