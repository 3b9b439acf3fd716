"""Printing: text for people, JSON for programs, errors to stderr."""

import sys
from typing import Any, TextIO

# Text from functions and environments may hold anything, terminal commands included.
_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """`text` without control characters; newlines and tabs stay."""
    return text.translate(_CONTROLS)


class Screen:
    """Where a command prints."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.err = err or sys.stderr

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks, so that colours and moving bars make sense."""
        return self.out.isatty()

    def line(self, text: str = "") -> None:
        """A line of text."""
        print(printable(text), file=self.out, flush=True)

    def remark(self, text: str) -> None:
        """A line beside the output, on stderr."""
        print(printable(text), file=self.err, flush=True)

    def json(self, value: Any) -> None:
        """A JSON document, indented."""
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(value)).decode(), file=self.out, flush=True)

    def json_line(self, value: Any) -> None:
        """A JSON document on one line, for streams of them."""
        import msgspec

        print(msgspec.json.encode(value).decode(), file=self.out, flush=True)

    def rich(self, *renderables: Any) -> None:
        """Tables and the like, for a terminal."""
        from rich.console import Console
        from rich.text import Text

        console = Console(file=self.out, highlight=False, markup=False)
        for item in renderables:
            console.print(item, soft_wrap=isinstance(item, Text))
