"""A reader of each document: the installed program, in an empty folder."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.walk import Block, Walk
from tests.package.installed import Installed, built, install, sources


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("package")
    wheel = built("wheel", sources(folder / "sources"), folder / "dist")
    return install(wheel, tmp_path_factory.mktemp("installed"))


@pytest.fixture
def walk(installed: Installed, compiled: Path, tmp_path: Path) -> Iterator[Walk]:
    """A reader in an empty folder; `faastrain` and `python` are the installed ones."""
    programs = (installed.environment / "bin", Path(sys.executable).parent, os.environ["PATH"])
    variables = {
        "PATH": os.pathsep.join(map(str, programs)),
        "HOME": str(tmp_path),
        "FTG_COMPILATION_CACHE": str(compiled),
        "PYTHONUNBUFFERED": "1",  # as on a terminal: in the order in which it was printed
    }
    reader = tmp_path / "reader's folder"
    reader.mkdir()
    walk = Walk(reader, variables)
    try:
        yield walk
    finally:
        walk.take(Block("sh", "", "faastrain down || true"))
