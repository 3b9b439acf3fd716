"""The flow as a picture, docs/pipeline.svg: the senders and receivers of each message. Pure.

A column for each function and process, a row for each type of message, in the order of the flow.
"""

from collections.abc import Iterator
from typing import NamedTuple
from xml.sax.saxutils import escape

from faastraingym.events.pipeline import flow
from faastraingym.schemas.messages import FACTS, tag

FIRST, COLUMN, ROW, TOP, BOX = 260, 114, 26, 96, 108  # px
FUNCTIONS = tuple(name for name in flow.FUNCTIONS if name != flow.RECONCILE)
COLUMNS = (flow.OPERATOR, *FUNCTIONS, flow.QUEUE_WORKER, flow.RECONCILE)
X = {name: FIRST + COLUMN * i for i, name in enumerate(COLUMNS)}
DONE = FIRST + COLUMN * len(COLUMNS) - COLUMN // 3
WIDTH = DONE + 190
STYLE = """\
text{font:13px Helvetica,Arial,sans-serif;fill:#222}.title{font-size:17px;font-weight:600}\
.name{font-size:10px;font-weight:600;text-anchor:middle;fill:#1c2b4a}.part{font-weight:600}\
.note{font-size:12px;fill:#666}.fact{stroke:#2d8a57;fill:#2d8a57}.command{stroke:#d9730d;fill:#d9730d}\
line,path{stroke-width:1.8}line.command,path.command{stroke-dasharray:5 3}\
text.fact{fill:#23693f;stroke:none}text.command{fill:#a34c00;stroke:none}.head{stroke:none}"""
LEGEND = (
    "Green: a fact, published once for ever. Orange: a command, the asynchronous invocation of one"
    " function; a dashed green line invokes it with a fact.",
    "A dot without an arrow is for people and programs. Besides, reconcile publishes again every"
    " fact that the broker lost, and invokes what is missing;",
    "each stage publishes invocation.completed, and asks the maker of a lost object for it"
    " (restore-object).",
)


class Row(NamedTuple):
    """A row of the picture at its height: the name of a part of the flow, or a message."""

    y: int
    part: str = ""
    line: flow.Line | None = None


def svg() -> str:
    """The whole picture."""
    rows = list(_rows())
    end = rows[-1].y + ROW
    height = end + 20 * len(LEGEND) + 12
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">',
        "<title>FaaSTrainGym: who sends each message, and where it comes to</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        '<text x="20" y="34" class="title">The pipeline</text>',
        f'<text x="{DONE}" y="64" class="note">done when there is</text>',
        *(text for name in COLUMNS for text in _column(name, end)),
        *(text for row in rows for text in _row(row)),
        *(
            f'<text x="20" y="{end + 14 + 20 * i}" class="note">{escape(words)}</text>'
            for i, words in enumerate(LEGEND)
        ),
        "</svg>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _rows() -> Iterator[Row]:
    y = TOP
    for part, lines in flow.FLOW.items():
        yield Row(y + 8, part)
        y += ROW + 6
        for line in lines:
            if flow.EVERY_STAGE not in line.senders:
                yield Row(y, line=line)
                y += ROW


def _column(name: str, end: int) -> Iterator[str]:
    x, process = X[name], name not in flow.FUNCTIONS
    fill, edge = ("#f5f5f5", "#777") if process else ("#e8f0fe", "#4267b2")
    yield f'<line x1="{x}" y1="76" x2="{x}" y2="{end - 8}" stroke="#d5dbe6"/>'
    yield (
        f'<rect x="{x - BOX // 2}" y="46" width="{BOX}" height="30" rx="6" fill="{fill}" '
        f'stroke="{edge}"/>'
    )
    yield f'<text x="{x}" y="65" class="name">{name}</text>'


def _row(row: Row) -> Iterator[str]:
    y, line = row.y, row.line
    if line is None:
        yield f'<text x="20" y="{y + 4}" class="part">{escape(row.part)}</text>'
        return
    kind = "fact" if line.message in FACTS else "command"
    yield f'<text x="34" y="{y + 4}" class="{kind}">{tag(line.message)}</text>'
    if line.done:
        for i, done in enumerate(map(tag, line.done)):
            words = f"or {done}" if i else done
            yield f'<text x="{DONE}" y="{y + 4 + 15 * i}" class="note">{words}</text>'
    senders = [name for name in flow.senders(line.message) if name != flow.RECONCILE]
    for sender in senders or [flow.RECONCILE]:
        yield f'<circle cx="{X[sender]}" cy="{y}" r="3.5" class="{kind}"/>'
        for receiver in line.subscribers + line.invoked:
            dashed = ' stroke-dasharray="5 3"' if receiver in line.invoked else ""
            yield from _arrow(X[sender], X[receiver], y, kind, dashed)


def _arrow(x1: int, x2: int, y: int, kind: str, dashed: str) -> Iterator[str]:
    if x1 == x2:
        yield f'<path d="M{x1} {y}c36 -10 36 17 8 7" style="fill:none" class="{kind}"{dashed}/>'
        x2, y, way = x1 + 2, y + 7, -1
    else:
        way = 1 if x2 > x1 else -1
        yield f'<line x1="{x1}" y1="{y}" x2="{x2 - 6 * way}" y2="{y}" class="{kind}"{dashed}/>'
    fill = "#2d8a57" if kind == "fact" else "#d9730d"
    yield f'<path d="M{x2} {y}l{-9 * way} -5v10z" class="{kind} head" style="fill:{fill}"/>'
