"""What an author names becomes the same bytes everywhere, or a sentence on what to do."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.adapters.packages.packing import packed
from faastraingym.adapters.packages.sources import pack
from faastraingym.adapters.packages.wheels import members
from faastraingym.schemas.errors import PackageError
from tests.stack.packages import pole

FILES = st.dictionaries(
    st.from_regex(r"maze/[a-z]{1,5}\.(txt|csv)", fullmatch=True), st.binary(max_size=30), max_size=5
)


@given(FILES)
def test_the_same_files_are_the_same_bytes_in_whatever_order(files: dict[str, bytes]) -> None:
    files = {"maze/__init__.py": b"", **files}
    backwards = dict(reversed(files.items()))
    one, other = packed("maze", files), packed("maze", backwards)
    assert one.data == other.data
    kept = {name: data for name, data in members(one.data, "maze") if ".dist-info/" not in name}
    assert kept == files


def test_the_digest_of_a_file_is_what_it_was(tmp_path: Path) -> None:
    """Pinned: another digest would be another package for every run that names this one."""
    (tmp_path / "pole.py").write_text(pole(0.25))
    source = pack(f"{tmp_path}/pole.py:Pole")
    assert source.env_id == "pole:Pole"
    assert source.package.sha256 == (
        "28a1abdfeae619978817af3ce180ec0dab16011fd75c599b677e8623bce9e911"
    )


def test_neither_time_nor_place_nor_rights_change_the_bytes(tmp_path: Path) -> None:
    made = []
    for place, when, mode in (("a", 1, 0o600), ("b", 2_000_000_000, 0o755)):
        folder = tmp_path / place / "maze"
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "__pycache__" / "x.pyc").write_bytes(place.encode())
        (folder / ".hidden").write_text(place)
        (folder / "__init__.py").write_text("import gymnasium\n")
        os.utime(folder / "__init__.py", (when, when))
        (folder / "__init__.py").chmod(mode)
        made.append(pack(folder).package)
    assert made[0].data == made[1].data
    assert made[0].modules == ("maze",)


def test_pip_installs_what_we_pack(tmp_path: Path) -> None:
    """It is a wheel, not something like one."""
    (tmp_path / "pole.py").write_text(pole(0.5))
    package = pack(tmp_path / "pole.py").package
    wheel = tmp_path / f"pole-{package.version}-py3-none-any.whl"
    wheel.write_bytes(package.data)
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    done = subprocess.run(
        [*command, "--target", str(tmp_path / "there"), str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there" / "pole.py").read_text() == pole(0.5)
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None


def test_requirements_of_a_script_are_the_package_s(tmp_path: Path) -> None:
    """Inline script metadata (PEP 723)."""
    text = '# /// script\n# dependencies = [\n#   "shapely>=2",\n# ]\n# ///\nimport gymnasium\n'
    (tmp_path / "maze.py").write_text(text)
    assert pack(tmp_path / "maze.py").package.requires == ("shapely>=2",)


def test_a_class_of_a_module_is_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pole_of_a_class.py").write_text(pole(0.25))
    monkeypatch.syspath_prepend(tmp_path)
    import pole_of_a_class  # type: ignore[import-not-found]

    try:
        source = pack(pole_of_a_class.Pole)
    finally:
        del sys.modules["pole_of_a_class"]
    assert source == pack(f"{tmp_path}/pole_of_a_class.py:Pole")


def test_a_class_of_a_notebook_is_refused_with_what_to_do() -> None:
    cell = type("Maze", (), {"__module__": "__main__"})
    with pytest.raises(PackageError) as refusal:
        pack(cell)
    assert str(refusal.value) == (
        "Maze: is a class of __main__, which functions cannot import; write the class into a file "
        "of its own (in a notebook: a cell that begins with `%%writefile my_env.py`) and train "
        "`my_env.py:Maze`"
    )


def test_a_class_inside_of_a_function_is_refused() -> None:
    class Local:
        pass

    with pytest.raises(PackageError, match="is defined inside of a function or a class; write"):
        pack(Local)


@pytest.mark.parametrize(
    ("files", "named", "problem"),
    [
        ({}, "nothing.py:X", "no such file or folder; name a .py file, a folder or a wheel"),
        ({"my-env.py": ""}, "my-env.py:X", "'my-env' is no name of a module; rename it"),
        ({"env.txt": ""}, "env.txt", "is no Python; name a .py file"),
        ({"maze/x.py": ""}, "maze", "has no __init__.py; write one that imports or registers"),
        ({"maze/pyproject.toml": ""}, "maze", "build a wheel with `pip wheel --no-deps"),
        ({"random.py": ""}, "random.py:X", "would hide Python's or the functions' own"),
        ({"maze.py": "import wall", "wall.py": ""}, "maze.py:X", "imports wall, which lies beside"),
        ({"maze.py": "def maze(:"}, "maze.py:X", "maze.py, line 1: is no Python: invalid syntax"),
        ({"maze.py": "# /// script\n# x = \n# ///\n"}, "maze.py", "is no TOML"),
    ],
)
def test_what_cannot_be_packed(
    tmp_path: Path, files: dict[str, str], named: str, problem: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(PackageError) as refusal:
        pack(f"{tmp_path}/{named}")
    assert problem in str(refusal.value)


def test_a_link_does_not_bring_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "maze").mkdir()
    (tmp_path / "maze/__init__.py").touch()
    (tmp_path / "maze/secret").symlink_to("/etc/passwd")
    with pytest.raises(PackageError, match="secret: is a link"):
        pack(tmp_path / "maze")
