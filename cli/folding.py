"""Long lines for a terminal, folded at words so that they are read and copied."""

import re
import shutil
from collections.abc import Iterator

from rich.cells import cell_len

WORDS = re.compile(r"(\s*)((?:`[^`]*`|[^\s`]|`)+)")  # with what is before; a command is one word
INDENT = 4
LEAST = 20  # columns in which words are still words


def columns() -> int:
    """Of the terminal, 80 where it does not tell."""
    return shutil.get_terminal_size().columns


def folded(text: str, indent: int = INDENT) -> str:
    """`text` in lines that fit the terminal.

    A word is never broken, nor is a command in backquotes: one that has no room beside others, as
    a path or a SHA-256, has a line of its own.

    Args:
        text: lines.
        indent: of the further lines that a long one is folded into.
    """
    width = columns()
    if width < LEAST:
        return text
    return "\n".join(part for line in text.split("\n") for part in _folded(line, width, indent))


def _folded(line: str, width: int, indent: int) -> Iterator[str]:
    if cell_len(line) <= width:
        yield line
        return
    built = ""
    for gap, word in WORDS.findall(line):
        if built.strip() and cell_len(built + gap + word) > width:
            yield built.rstrip()
            built, gap = " " * max(0, min(indent, width - cell_len(word))), ""
        built += gap + word
    yield built
