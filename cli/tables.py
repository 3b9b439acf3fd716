"""Tables for a terminal."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from cli.screen import printable


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: int) -> Table:
    """A table whose last columns, from number `right` on, are numbers."""
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for i, name in enumerate(head):
        made.add_column(name, justify="right" if i >= right else "left")
    for row in rows:
        made.add_row(*(Text(printable(cell)) for cell in row))
    return made


def names_and_values(rows: Sequence[tuple[str, str]]) -> list[Text]:
    """One line each; a long value is not folded, so that it can be copied."""
    width = max((len(name) for name, _ in rows), default=0) + 2
    return [
        Text.assemble((name.ljust(width), "dim"), Text(printable(value))) for name, value in rows
    ]
