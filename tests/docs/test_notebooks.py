"""The notebooks of examples/ do what they say, in an empty folder, and have no outputs."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.checkout import CHECKOUT
from tests.docs.walk import SECONDS, Block, Walk

pytestmark = pytest.mark.timeout(3000)
NOTEBOOKS = sorted((CHECKOUT / "examples" / "notebooks").glob("*.ipynb"))


@pytest.fixture
def variables(tmp_path: Path, compiled: Path) -> Iterator[dict[str, str]]:
    """Of a reader's kernel; its stack is stopped whatever happens."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = {"PATH": programs, "HOME": str(tmp_path), "FTG_COMPILATION_CACHE": str(compiled)}
    try:
        yield found
    finally:
        Walk(tmp_path, found).take(Block("sh", "", "faastrain down || true"))


def outputs(cell: nbformat.NotebookNode) -> set[str]:
    """The types of media that a cell shows."""
    return {kind for output in cell.outputs for kind in output.get("data", ())}


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_stored_without_outputs(file: Path) -> None:
    cells = [cell for cell in nbformat.read(file, 4).cells if cell.cell_type == "code"]
    assert len(cells) > 3
    assert [cell.id for cell in cells if cell.outputs or cell.execution_count is not None] == []


def test_the_first_policy_is_trained_drawn_loaded_and_watched(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    (file,) = [file for file in NOTEBOOKS if file.stem == "first_policy"]
    notebook = nbformat.read(file, 4)
    place = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=int(SECONDS), resources=place).execute(env=variables)
    cells = {cell.source: cell for cell in notebook.cells if cell.cell_type == "code"}
    shown = {source.splitlines()[-1].split("(")[0]: outputs(cell) for source, cell in cells.items()}
    assert "image/png" in shown["run.plot"]
    assert "image/png" in shown["axes.legend"]
    assert "image/gif" in shown["Image"]
    assert (tmp_path / "cartpole.gif").read_bytes().startswith(b"GIF")
    names = {path.name for path in (tmp_path / "runs").iterdir()}
    assert names == {"first", "smaller"}
    *_, last = cells.values()
    said = "".join(output.text for output in last.outputs if output.output_type == "stream")
    assert "stopped" in said
