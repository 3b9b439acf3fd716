"""The site as `make docs` builds it: whole, without dead links, and nothing from a network."""

import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import faastraingym
from tests.checkout import CHECKOUT

MKDOCS = Path(sys.executable).parent / "mkdocs"
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Page(HTMLParser):
    """What an HTML file names: fragments, links, and what a browser loads for it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what counts."""
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if found.get(LOADS.get(tag, ""), "") and found.get("rel") != "canonical":
            self.loaded.append(found[LOADS[tag]])


def build(checkout: Path, into: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [MKDOCS, "build", "--strict", "--config-file", checkout / "mkdocs.yml", "--site-dir", into],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(CHECKOUT, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {file: Page(file) for file in site.rglob("*.html")}


def test_every_document_is_a_page(site: Path) -> None:
    documents = (CHECKOUT / "docs").rglob("*.md")
    made = {path.relative_to(CHECKOUT / "docs").with_suffix(".html") for path in documents}
    made |= {Path("index.html"), Path("adr/index.html"), Path("checkout/CONTRIBUTING.html")}
    assert [str(name) for name in made if not (site / name).is_file()] == []
    assert len(made) > 60


def test_every_link_leads_to_a_page_and_its_fragment(pages: dict[Path, Page]) -> None:
    """Of every page, those of the navigation too."""
    dead = []
    for file, page in pages.items():
        for link in (*page.links, *page.loaded):
            found = urlsplit(link)
            if found.scheme in ("http", "https", "data", "mailto"):
                continue
            target = (file.parent / unquote(found.path)).resolve() if found.path else file
            known = pages[target].ids if target in pages else set()
            if not target.is_file() or (found.fragment and unquote(found.fragment) not in known):
                dead.append((file.name, link))
    assert dead == []
    assert sum(len(page.links) for page in pages.values()) > 1000


def test_a_folder_leads_to_its_folders(pages: dict[Path, Page], site: Path) -> None:
    """A reader of a list comes to what lies deeper."""
    page = pages[site / "checkout" / "examples" / "index.html"]
    assert {"ci/index.html", "own/index.html", "cartpole.toml.html"} <= {*page.links}


def test_a_page_loads_nothing_from_a_network(site: Path, pages: dict[Path, Page]) -> None:
    loaded = {link for page in pages.values() for link in page.loaded}
    assert [link for link in loaded if urlsplit(link).netloc] == []
    styles = [file.read_text(encoding="utf-8") for file in site.rglob("*.css")]
    assert [url for text in styles for url in re.findall(r"url\(['\"]?(?:https?:)?//", text)] == []
    assert len(loaded) > 5
    assert len(styles) > 1


def test_the_search_has_every_page_and_needs_no_server(site: Path) -> None:
    """Its index is a script as well, as no page that is opened from a file may fetch one."""
    script = (site / "search" / "search_index.js").read_text(encoding="utf-8")
    index = json.loads(script.removeprefix("var __index = "))
    found = {entry["location"] for entry in index["docs"]}
    assert {"index.html", "tutorials/first-run.html", "operations.html", "faq.html"} <= found
    assert not [place for place in found if place.startswith("checkout/deploy/")]
    assert any("dead letter" in entry["text"] for entry in index["docs"])
    assert "site/iframe-worker.js" in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "mistake",
    ["[a](nowhere.md)", "[a](glossary.md#nowhere)", "[a](../nowhere.py)"],
)
def test_a_dead_link_fails_the_build(mistake: str, tmp_path: Path) -> None:
    """In a checkout whose glossary has one."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for entry in CHECKOUT.iterdir():
        if entry.name not in ("docs", "mkdocs.yml", "build") and not entry.name.startswith("."):
            (copy / entry.name).symlink_to(entry)
    for file in (CHECKOUT / "mkdocs.yml", *(CHECKOUT / "docs").rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            place = copy / file.relative_to(CHECKOUT)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    with (copy / "docs" / "glossary.md").open("a") as glossary:
        glossary.write(f"\n{mistake}\n")
    done = build(copy, tmp_path / "bad")
    assert done.returncode != 0
    assert "nowhere" in done.stderr


def test_the_reference_has_every_public_name(site: Path, pages: dict[Path, Page]) -> None:
    """With what its docstring says, which mkdocstrings reads without importing anything."""
    page = site / "api.html"
    named = {f"faastraingym.{name}" for name in faastraingym.__all__}
    assert named - pages[page].ids == set()
    for name in faastraingym.__all__:
        summary = (getattr(faastraingym, name).__doc__ or "").partition("\n")[0]
        assert summary.split(":")[0].split("`")[0] in page.read_text(encoding="utf-8")


class Cells(HTMLParser):
    """The columns of each table, and at each of its cells the column's place and its name there."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.columns: list[str] = []
        self.cells: list[tuple[str, str | None]] = []
        self._place, self._in_head = 0, False
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.columns = []
        elif tag == "tr":
            self._place = 0
        elif tag == "th":
            self.columns.append("")
            self._in_head = True
        elif tag == "td" and self.columns:
            self.cells.append((self.columns[self._place], dict(attrs).get("data-column")))
            self._place += 1

    def handle_endtag(self, tag: str) -> None:
        self._in_head = self._in_head and tag != "th"

    def handle_data(self, data: str) -> None:
        if self._in_head:
            self.columns[-1] += data


def test_a_telephone_can_say_the_column_of_each_cell(site: Path) -> None:
    """As it shows each row as a list (extra.css), without a head above it."""
    cells = [cell for file in site.rglob("*.html") for cell in Cells(file).cells]
    assert [(found, told) for found, told in cells if found != told] == []
    assert len(cells) > 2000
    assert "data-column" in (site / "site" / "extra.css").read_text(encoding="utf-8")


def test_the_reference_in_a_checkout_has_every_public_name_too() -> None:
    """Where only mkdocstrings' marks stand else: a table with the docstrings' first sentences."""
    text = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE))
    documented = {
        name: re.split(r"(?<=\.)\s", inspect.getdoc(getattr(faastraingym, name)) or "")[0]
        for name in faastraingym.__all__
    }
    assert rows == documented


def test_a_readers_secrets_are_in_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They lie in a folder of the checkout that has a list, and are ignored by git."""
    place = CHECKOUT / "docs" / "site" / "checkout_pages.py"
    spec = importlib.util.spec_from_file_location("checkout_pages", place)
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    for folder in ("base", "secrets", "site"):
        (tmp_path / "deploy" / "kubernetes" / folder).mkdir(parents=True)
    monkeypatch.setattr(hook, "ROOT", tmp_path)
    assert hook.shown("deploy/kubernetes").splitlines()[-1] == "- [`base/`](base)"
    assert hook.shown("deploy/kubernetes").count("](") == 1
