"""`python -m benchmarks.render FILE.json ...`: write what was measured into docs/performance.md.

Between its two marker comments: the machine, how long each benchmark took, one table. Several files
are one table, in their order, when they are of one machine.
"""

import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from benchmarks import report
from benchmarks.checkout import CHECKOUT
from benchmarks.report import Document, Row, number

BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
PAGE = CHECKOUT / "docs" / "performance.md"
LOAD = "load before"
HEAD = ("what", "median", "range", "unit", "better", "goal", "", "floor", "gap", "note")


def main(files: Sequence[str]) -> int:
    """Rewrite the page."""
    if not files:
        sys.exit("python -m benchmarks.render FILE.json ...")
    text = markdown([report.load(Path(file)) for file in files])
    PAGE.write_text(replaced(PAGE.read_text(), text))
    return 0


def replaced(page: str, text: str) -> str:
    """The page with `text` between its markers.

    Raises:
        ValueError: it does not have each marker once, in their order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in after or END in after:
        raise ValueError(f"{PAGE} must have {BEGIN} and then {END}, each once")
    return f"{before}{BEGIN}\n{text}{END}{after}"


def markdown(documents: Sequence[Document]) -> str:
    """The machine, the times, the table.

    Raises:
        ValueError: the documents are of different machines.
    """
    machines = [{k: v for k, v in d.machine.items() if k != LOAD} for d in documents]
    if any(machine != machines[0] for machine in machines):
        raise ValueError("the files are of different machines or versions")
    loads = ", ".join(d.machine.get(LOAD, "?") for d in documents)
    machine = ", ".join(f"{name} {value}" for name, value in machines[0].items())
    took = [f"{n} {seconds:.0f} s" for d in documents for n, seconds in d.took.items()]
    lines = [f"{machine}; {LOAD} {loads}.", "", f"They took: {', '.join(took)}.", ""]
    rows = [row for document in documents for row in document.rows]
    lines += [_line(HEAD), _line(["---"] * len(HEAD))]
    for name, several in groupby(rows, key=lambda row: row.benchmark):
        lines.append(_line([f"**{name}**", *[""] * (len(HEAD) - 1)]))
        lines += [_line(_cells(row)) for row in several]
    return "".join(f"{line}\n" for line in lines)


def _cells(row: Row) -> list[str]:
    value = "-" if row.value is None else number(row.value)
    floor = f"{number(row.floor.value)}: {row.floor.why}" if row.floor else ""
    gap = f"{row.gap:.2f} x" if row.gap is not None else ""
    what = row.what.replace("  ", "&emsp;")
    better = row.better if row.samples else ""
    told = [row.spread, row.unit, better, row.goal, row.verdict, floor, gap, row.note]
    return [what, value, *told]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
