"""Parts of the page of compared runs: paragraphs, tables, charts."""

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

TOOLS = {
    "responsive": True,
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d"],
}


def par(text: str) -> str:
    """A paragraph of text; what is to be typed stands between backticks, as in a terminal."""
    return "<p>" + re.sub("`([^`]+)`", r"<code>\1</code>", escape(text)) + "</p>"


def table(head: Sequence[str], rows: Sequence[str]) -> str:
    """A table that scrolls; `head` is text, `rows` are HTML."""
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    # What scrolls can be reached by keys, too.
    return (
        f'<div class="wide tall" tabindex="0"><table><tr>{names}</tr>{"".join(rows)}</table></div>'
    )


def row(cells: Sequence[str], kind: str = "") -> str:
    """A row of cells, which are HTML; the class `kind` marks it."""
    return f'<tr class="{kind}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def folded(summary: str, content: str) -> str:
    """HTML that opens by a click."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def chart(name: str, figure: "Figure") -> str:
    """Under a name of its own, for plotly would draw one: the same runs have the same page."""
    html: str = figure.to_html(
        full_html=False, include_plotlyjs=False, config=TOOLS, div_id=f"chart-{name}"
    )
    return html
