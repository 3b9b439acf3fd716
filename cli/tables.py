"""Tables for a terminal."""

import shutil
from collections.abc import Collection, Iterable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from faastraingym.client.text import printable

GAP = "  "
CUT = "..."
LEAST = 20  # columns that are left of a text that is cut


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[str]
) -> list[Text]:
    """A line for the head and one for each row, columns below each other.

    A row never takes two lines, nor is a name cut: only its last cell is, when it is a text that
    the terminal has no room for.

    Args:
        head: the columns' names.
        rows: as many cells each.
        numbers: the columns that are aligned at their right.
    """
    told = [[_one_line(cell) for cell in row] for row in (head, *rows)]
    widths = [max(cell_len(row[i]) for row in told) for i in range(len(head))]
    if head[-1] not in numbers:
        room = shutil.get_terminal_size().columns - sum(widths[:-1]) - len(GAP) * (len(head) - 1)
        widths[-1] = min(widths[-1], max(room, LEAST))
    lines = [_line(row, widths, [name in numbers for name in head]) for row in told]
    return [Text(line, style="" if i else "bold") for i, line in enumerate(lines)]


def names_and_values(rows: Sequence[tuple[str, str]]) -> list[Text]:
    """One line each; a long value is not folded, so that it can be copied."""
    width = max((len(name) for name, _ in rows), default=0) + 2
    return [
        Text.assemble((name.ljust(width), "dim"), Text(printable(value))) for name, value in rows
    ]


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = []
    for cell, width, is_right in zip(row, widths, right, strict=True):
        if cell_len(cell) > width:
            cell = set_cell_size(cell, width - len(CUT)) + CUT
        padding = " " * (width - cell_len(cell))
        cells.append(padding + cell if is_right else cell + padding)
    return GAP.join(cells).rstrip()


def _one_line(cell: str) -> str:
    return " ".join(printable(cell).split())
