"""Printing: text for people, JSON for programs, errors to stderr."""

import io
import json
import os
import re
import sys
from collections.abc import Callable, Collection, Sequence
from typing import Any, TextIO, TypeVar, cast

from faastraingym.client.text import printable

T = TypeVar("T")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def _lenient(stream: TextIO | None) -> TextIO:
    """`stream`, by which a character that its encoding does not have is replaced."""
    if stream is None:  # closed by our parent process
        return open(os.devnull, "w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return stream


def silence(stream: TextIO) -> None:
    """Let what is written go nowhere: a pipe that its reader closed refuses it, even at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _encoded(value: Any) -> str:
    """JSON; a path may hold bytes that are no UTF-8, which become escapes, as Python reads them."""
    import msgspec

    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value))


class _Outlasting(io.TextIOBase):
    """A stream that its reader may close: nothing is written from then on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def write(self, text: str) -> int:
        return self._tried(lambda: self._stream.write(text))

    def flush(self) -> None:
        self._tried(self._stream.flush)

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def _tried(self, do: Callable[[], T]) -> T | int:
        try:
            return do()
        except BrokenPipeError:
            silence(self._stream)
            return 0


class Screen:
    """Where a command prints."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.out = out or _lenient(sys.stdout)
        self.err = err or _lenient(sys.stderr)

    def outlast_readers(self) -> None:
        """Go on in silence once the output is closed: the command makes results besides."""
        self.out = cast(TextIO, _Outlasting(self.out))
        self.err = cast(TextIO, _Outlasting(self.err))

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks, so that colours and moving bars make sense."""
        return self.out.isatty()

    def line(self, text: str = "") -> None:
        """A line of text, folded on a terminal."""
        self._print(text, self.out)

    def remark(self, text: str) -> None:
        """A line beside the output, on stderr, folded on a terminal."""
        self._print(text, self.err)

    def _print(self, text: str, out: TextIO) -> None:
        text = printable(text)
        if out.isatty():
            from faastraingym.cli.folding import folded

            text = folded(text)
        print(text, file=out, flush=True)

    def json(self, value: Any) -> None:
        """A JSON document, indented."""
        import msgspec

        self._json(msgspec.json.format(_encoded(value)))

    def json_line(self, value: Any) -> None:
        """A JSON document on one line, for streams of them."""
        self._json(_encoded(value))

    def _json(self, text: str) -> None:
        """What the output has no characters for, as JSON's escapes: nothing is lost."""
        try:
            text.encode(self.out.encoding or "utf-8")
        except UnicodeEncodeError:
            text = _BEYOND_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)
        print(text, file=self.out, flush=True)

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        numbers: Collection[str],
        spare: Sequence[str] = (),
    ) -> None:
        """Rows of cells below a head: columns on a terminal, tab-separated values elsewhere."""
        if not self.is_terminal:
            for row in (head, *rows):
                self.line("\t".join(row))
            return
        from faastraingym.cli.tables import table

        self.rich(*table(head, rows, numbers, spare))

    def rich(self, *renderables: Any) -> None:
        """Tables and the like, for a terminal."""
        from rich.console import Console
        from rich.text import Text

        console = Console(file=self.out, highlight=False, markup=False)
        for item in renderables:
            console.print(item, soft_wrap=isinstance(item, Text))
