import sys
from pathlib import Path

from benchmarks.peers.interpreter import versions


def test_an_interpreter_tells_its_packages_by_their_normal_names() -> None:
    found = versions(Path(sys.executable))
    assert {"msgspec", "pytest-asyncio"} <= set(found)
    assert found["msgspec"][0].isdigit()


def test_where_there_is_no_interpreter_nothing_is_installed(tmp_path: Path) -> None:
    assert versions(tmp_path / "bin" / "python") == {}
