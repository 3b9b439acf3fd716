"""Each tutorial, from its beginning: the installed program, in an empty folder.

What is left out is named in ELSEWHERE, with the test that has it.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.walk import Block, Walk, blocks
from tests.package.installed import Installed, built, install, sources
from tests.stack.documents import WALKS

pytestmark = pytest.mark.timeout(3000)  # three trainings to their end, on a busy machine
DOCUMENTS = ["README.md", "docs/api.md", *WALKS]
ELSEWHERE = {
    "pip install .": "the fixture `installed` does, with what pip makes of the checkout: a wheel",
    "make train": "test_documents.py looks at its recipe; whoever runs this has its environment",
}


@pytest.fixture(scope="module")
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


def reason(block: Block) -> str | None:
    """Why a block is left out."""
    return next((why for start, why in ELSEWHERE.items() if block.text.startswith(start)), None)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_does_what_it_says(document: str, walk: Walk) -> None:
    for block in blocks(document):
        if not reason(block):
            walk.take(block)


def test_every_tutorial_has_blocks_to_take() -> None:
    assert len(WALKS) >= 5
    for document in WALKS:
        assert len([block for block in blocks(document) if not reason(block)]) >= 4


def test_what_is_left_out_is_there() -> None:
    everything = [block for document in DOCUMENTS for block in blocks(document)]
    for start in ELSEWHERE:
        assert any(block.text.startswith(start) for block in everything), start
