"""The commands of README.md and docs/, as a reader types them.

Those of WALKS build on each other: tests/docs types each of these documents from its beginning.
"""

import re
import subprocess
import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from tests.checkout import CHECKOUT

DOCUMENTS = ["README.md", "CONTRIBUTING.md"]
DOCUMENTS += sorted(f"docs/{path.name}" for path in (CHECKOUT / "docs").glob("*.md"))
DOCUMENTS += ["docs/tutorials/ci.md", "docs/tutorials/openfaas.md"]
TUTORIALS = {
    path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "docs/tutorials").glob("*.md")
}
WALKS = sorted(TUTORIALS - {*DOCUMENTS})
_FENCED = re.compile(r'^ *```(\w*)(?: title="[^"]+")?\n(.*?)^ *```$', re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4,}\S.*\n)+", re.MULTILINE)
_TABLE = re.compile(r"^\| command \| does \|\n\| --- \| --- \|\n((?:\|.*\n)+)", re.MULTILINE)


class Block(NamedTuple):
    """Lines that stand together."""

    document: str
    text: str

    @property
    def first(self) -> str:
        return self.text.splitlines()[0].strip()

    @property
    def commands(self) -> list[str]:
        """Each as a shell reads it, with the lines that continue it."""
        found, held = [], ""
        for line in self.text.splitlines():
            held += line + "\n"
            if not _is_open(held):
                found.append(held.rstrip("\n"))
                held = ""
        return [command for command in [*found, held.rstrip("\n")] if command.strip()]


def blocks(document: str) -> Iterator[Block]:
    """What is fenced as `sh`, or indented as code."""
    text = (CHECKOUT / document).read_text(encoding="utf-8")
    for language, fenced in _FENCED.findall(text):
        if language == "sh":
            yield Block(document, textwrap.dedent(fenced))
    for indented in _INDENTED.findall(_FENCED.sub("", text)):
        yield Block(document, textwrap.dedent(indented))


def rows() -> list[str]:
    """The first cells of the table of commands."""
    (found,) = _TABLE.findall((CHECKOUT / "docs/commands.md").read_text(encoding="utf-8"))
    return [row.strip("| ").split(" | ")[0] for row in found.splitlines()]


def spans() -> Iterator[tuple[str, str]]:
    """Every `faastrain ...` within a sentence, with its document."""
    for document in (*DOCUMENTS, *WALKS):
        text = _FENCED.sub("", (CHECKOUT / document).read_text(encoding="utf-8"))
        for span in re.findall(r"`(faastrain [^`]+)`", text):
            yield document, " ".join(span.split())


def _is_open(text: str) -> bool:
    """Whether a shell would ask for another line."""
    here = re.search(r"<<-?\s*(\w+)", text)
    if here:
        return not re.search(rf"^{here[1]}$", text, re.MULTILINE)
    if text.rstrip("\n").endswith("\\"):
        return True
    checked = subprocess.run(["/bin/sh", "-nc", text], capture_output=True, check=False)
    return checked.returncode != 0
