"""mkdocs's hook: a document's links to files outside docs/ lead to pages of the site (ADR 45).

Documents link to files of the checkout, as readers of a repository need it. The site has no
repository behind it, so each file that is linked becomes a page of its own, and each folder a list.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
DOCS = "docs"
SHOWN = {".md", ".py", ".toml", ".yml", ".yaml"}  # of a folder; more only where it is linked
_OWN = {"deploy/kubernetes/secrets", "deploy/kubernetes/site"}  # a reader's, not the checkout's
_HOME = {"README.md": "index.md"}
_CODE_OR_LINK = re.compile(r"^ *```.*?^ *```$|`[^`\n]+`|\]\(([^)\s]+)\)", re.DOTALL | re.MULTILINE)
_HIDDEN = "---\nsearch:\n  exclude: true\n---\n"


def page_of(path: str) -> str:
    """Where the site has a file or folder of the checkout, as a path below docs/."""
    inside = path.startswith(f"{DOCS}/")
    place = path.removeprefix(f"{DOCS}/") if inside else f"checkout/{path}"
    if (ROOT / path).is_dir():
        return f"{place}/index.md"
    if path in _HOME or inside or path.endswith(".md"):
        return _HOME.get(path, place)
    return f"{place}.md"


def links(text: str) -> Iterator[re.Match[str]]:
    """Those of a Markdown text, not those within code."""
    return (found for found in _CODE_OR_LINK.finditer(text) if found[1])


def target(document: str, link: str) -> str | None:
    """The path in the checkout that a link of `document` leads to; None for another site's."""
    path = link.partition("#")[0]
    if not path or "://" in link or link.startswith("mailto:"):
        return None
    folder = document if (ROOT / document).is_dir() else posixpath.dirname(document)
    return posixpath.normpath(posixpath.join(folder, path)).rstrip("/")


def rewritten(document: str, text: str) -> str:
    """The text, with links as the site needs them."""

    def replaced(found: re.Match[str]) -> str:
        path = found[1] and target(document, found[1])
        if not path or not (ROOT / path).exists():
            return found[0]
        start = posixpath.dirname(page_of(document)) or "."
        _, mark, fragment = found[1].partition("#")
        return f"]({posixpath.relpath(page_of(path), start)}{mark}{fragment})"

    return _CODE_OR_LINK.sub(replaced, text)


def shown(path: str) -> str:
    """A file or a folder of the checkout as Markdown."""
    place = ROOT / path
    if path.endswith(".md"):
        return place.read_text(encoding="utf-8")
    if place.is_dir():
        return "\n".join((_HIDDEN + f"# {path}/", "", *_entries(path))) + "\n"
    language = {".yml": "yaml", ".toml": "toml", ".py": "python"}.get(place.suffix, "")
    fence = "`" * 6
    return f"{_HIDDEN}# {path}\n\n{fence}{language}\n{place.read_text(encoding='utf-8')}{fence}\n"


def _entries(folder: str) -> Iterator[str]:
    """Its visible files and folders, with a link to folders and to what is text."""
    for entry in sorted((ROOT / folder).iterdir()):
        if entry.name.startswith((".", "_")) or f"{folder}/{entry.name}" in _OWN:
            continue
        linked = entry.is_dir() or entry.suffix in SHOWN
        yield f"- [{_title(entry)}]({entry.name})" if linked else f"- `{entry.name}`"


def _title(file: Path) -> str:
    if file.suffix != ".md":
        return f"`{file.name}{'/' * file.is_dir()}`"
    return file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def on_config(config: MkDocsConfig) -> None:
    """Leave out the page for unknown addresses, which only a server at its root can show."""
    config.theme.static_templates.discard("404.html")


_documents: dict[str, str] = {}  # by the page's path below docs/: its path in the checkout


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are linked, and those which these link, and so on."""
    _documents.clear()
    _documents.update({f.src_uri: f"{DOCS}/{f.src_uri}" for f in files.documentation_pages()})
    waiting = ["README.md", *_documents.values()]
    known = {f"{DOCS}/{file.src_uri}" for file in files}
    while waiting:
        document = waiting.pop()
        if document not in known:
            known.add(document)
            page = page_of(document)
            _documents[page] = document
            files.append(File.generated(config, page, content=shown(document)))
        text = shown(document) if document.endswith(".md") or (ROOT / document).is_dir() else ""
        found = (target(document, link[1]) for link in links(text))
        waiting += {path for path in found if path and (ROOT / path).exists()} - known
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite its links."""
    return rewritten(_documents[page.file.src_uri], markdown)
