"""Every link, path and module that a document names is one that there is."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT

DOCUMENTS = ["README.md", "CONTRIBUTING.md"]
DOCUMENTS += sorted(
    path.relative_to(CHECKOUT).as_posix()
    for folder in ("docs", "docs/tutorials", "docs/algorithms")
    for path in (CHECKOUT / folder).glob("*.md")
)
DECISIONS = sorted(f"docs/adr/{path.name}" for path in (CHECKOUT / "docs" / "adr").glob("*.md"))
_CODE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|md|toml|yml|yaml|conf|env|json))(?:::\w+)?`")
_OF_A_HOME = (".faastrain/", "nats/", "weed/", "runs/", "results/")  # made while a stack runs
_WALKS = "docs/adding-"  # name files that a reader makes; each has a test of its own
_MODULE = re.compile(r"python -m\s+((?:faastraingym|tests|benchmarks)[\w.]*)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINKS = [
    (document, link)
    for document in (*DOCUMENTS, *DECISIONS)
    for link in _LINK.findall(_CODE.sub("", (CHECKOUT / document).read_text()))
    if "://" not in link
]
PATHS = [
    (document, path)
    for document in DOCUMENTS
    if not document.startswith(_WALKS)
    for path in _PATH.findall((CHECKOUT / document).read_text())
    if not path.startswith(_OF_A_HOME) and "NAME" not in path
]
MODULES = sorted(
    {(d, module) for d in DOCUMENTS for module in _MODULE.findall((CHECKOUT / d).read_text())}
)


def _anchors(file: Path) -> set[str]:
    """The fragments of a Markdown file's headings, as its readers' programs make them."""
    headings = _HEADING.findall(_CODE.sub("", file.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_documents_have_links_and_paths() -> None:
    """Or the patterns would hold nothing."""
    assert len(LINKS) > 50
    assert len(PATHS) > 20
    assert len(MODULES) > 20


@pytest.mark.parametrize(("document", "link"), LINKS)
def test_a_link_leads_to_a_file_and_its_heading(document: str, link: str) -> None:
    path, _, fragment = link.partition("#")
    target = (CHECKOUT / document).parent / path if path else CHECKOUT / document
    assert target.exists()
    assert not fragment or fragment in _anchors(target)


@pytest.mark.parametrize(("document", "path"), PATHS)
def test_a_path_is_one_of_the_checkout(document: str, path: str) -> None:
    """From its root, or from the folder of the document."""
    assert (CHECKOUT / path).exists() or ((CHECKOUT / document).parent / path).exists()


@pytest.mark.parametrize(("document", "module"), MODULES)
def test_a_module_that_a_document_runs_can_be_run(document: str, module: str) -> None:
    found = find_spec(module)
    assert found is not None
    assert not found.submodule_search_locations or find_spec(f"{module}.__main__")
