"""Tables for a terminal."""

from collections.abc import Collection, Iterable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from faastraingym.cli.folding import columns as terminal_columns
from faastraingym.cli.folding import folded
from faastraingym.client.text import printable

GAP = "  "
CUT = "..."
LEAST = 16  # columns that are left of a text that is cut


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Collection[str],
    spare: Sequence[str] = (),
) -> list[Text]:
    """A line for the head and one for each row, columns below each other.

    A row never takes two lines, nor is a name cut: spare columns are left out, and the last cell is
    cut, when it is a text that the terminal has no room for.

    Args:
        head: the columns' names.
        rows: as many cells each.
        numbers: the columns that are aligned at their right.
        spare: the columns that a narrow terminal does without, the first of them first.
    """
    columns = terminal_columns()
    cells = [[_one_line(cell) for cell in row] for row in (head, *rows)]
    widths = {name: max(cell_len(row[i]) for row in cells) for i, name in enumerate(head)}
    last, gaps, left_out = head[-1], len(GAP) * (len(head) - 1), set[str]()
    is_text = last not in numbers
    least = min(widths[last], LEAST) if is_text else widths[last]
    others = sum(widths.values()) - widths[last] + gaps
    for name in spare:
        if others + least > columns:
            left_out.add(name)
            others -= widths[name] + len(GAP)
    if is_text:
        widths[last] = min(widths[last], max(columns - others, LEAST))
    kept = [
        (i, widths[name], name in numbers) for i, name in enumerate(head) if name not in left_out
    ]
    lines = [_line(row, kept) for row in cells]
    return [Text(line, style="" if i else "bold") for i, line in enumerate(lines)]


def names_and_values(rows: Sequence[tuple[str, str]]) -> list[Text]:
    """A line each, or more where the terminal is narrow; a path stays whole, to be copied."""
    width = max((len(name) for name, _ in rows), default=0) + 2
    lines = [folded(f"{name.ljust(width)}{printable(value)}", width) for name, value in rows]
    return [
        Text.assemble((line[: len(name)], "dim"), line[len(name) :])
        for line, (name, _) in zip(lines, rows, strict=True)
    ]


def _line(row: Sequence[str], columns: Sequence[tuple[int, int, bool]]) -> str:
    """A row's cells at these places, with these widths, aligned at their right or not."""
    cells = []
    for i, width, is_right in columns:
        cell = row[i]
        if cell_len(cell) > width:
            cell = set_cell_size(cell, width - len(CUT)) + CUT
        padding = " " * (width - cell_len(cell))
        cells.append(padding + cell if is_right else cell + padding)
    return GAP.join(cells).rstrip()


def _one_line(cell: str) -> str:
    return " ".join(printable(cell).split())
