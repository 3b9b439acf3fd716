"""mkdocs's hook: each cell of a table knows its column, so that a telephone shows rows as lists.

extra.css does so below the theme's own width for telephones; it reads the attribute `data-column`.
"""

import re
from itertools import count

_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_HEAD = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<td\b")
_TAG = re.compile(r"<[^>]+>")


def on_page_content(html: str, **_: object) -> str:
    """A page's content, with the name of its column at each cell."""
    return _TABLE.sub(lambda table: labelled(table[0]), html)


def labelled(table: str) -> str:
    """A table as HTML, with an attribute at each of its cells."""
    columns = [_TAG.sub("", name).strip().replace('"', "&quot;") for name in _HEAD.findall(table)]

    def row(found: re.Match[str]) -> str:
        numbers = count()
        return _CELL.sub(lambda _: f'<td data-column="{columns[next(numbers)]}"', found[0])

    return _ROW.sub(row, table)
