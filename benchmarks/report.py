"""What a benchmark measured: as rows, as a table, as JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.samples import median

LOWER, HIGHER = "lower", "higher"
_BY_UNIT = {"ms": LOWER, "s": LOWER, "GiB s": LOWER, "share": LOWER, "1/s": HIGHER}
_BY_UNIT |= {"steps/s": HIGHER, "steps": LOWER}
_RATIOS = {  # of a benchmark: of times and costs, or of rates
    **dict.fromkeys(
        ("solving", "targets", "sweeps", "lunar-lander", "iteration", "cost", "scaling"), LOWER
    ),
    **dict.fromkeys(("throughput", "learning", "pipeline", "lag", "env-step", "act"), HIGHER),
}


class Floor(msgspec.Struct, frozen=True):
    """What the hardware allows, in the row's unit, and why."""

    value: float
    why: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity; its value is the median over the repetitions."""

    benchmark: str
    what: str
    unit: str = ""
    samples: list[float] = []  # one per repetition; empty: not measured, `note` says why
    at_most: float | None = None  # the goal
    at_least: float | None = None
    floor: Floor | None = None
    note: str = ""

    @property
    def value(self) -> float | None:
        """The median."""
        return median(self.samples) if self.samples else None

    @property
    def goal(self) -> str:
        """As people read it."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f">= {self.at_least:g}" if self.at_least is not None else ""

    @property
    def better(self) -> str:
        """Which direction is better: as the goal says, else the unit, else the benchmark."""
        if self.goal:
            return HIGHER if self.at_most is None else LOWER
        return _BY_UNIT.get(self.unit) or _RATIOS.get(self.benchmark, "")

    @property
    def gap(self) -> float | None:
        """How many times the floor the value is."""
        return self.value / self.floor.value if self.floor and self.value is not None else None

    @property
    def spread(self) -> str:
        """The range over the repetitions."""
        if len(self.samples) < 2:
            return ""
        return f"{number(min(self.samples))} - {number(max(self.samples))}"

    @property
    def verdict(self) -> str:
        """Whether the goal is reached, in a word."""
        return {True: "met", False: "missed", None: ""}[self.met]

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None when there is none, or nothing was measured."""
        if self.value is None or (self.at_most is None and self.at_least is None):
            return None
        low = -float("inf") if self.at_least is None else self.at_least
        high = float("inf") if self.at_most is None else self.at_most
        return low <= self.value <= high


def number(value: float) -> str:
    """Three significant digits; thousands separated."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(rows: Sequence[Row]) -> Table:
    """One line a row."""
    made = Table("benchmark", "what", "median", "range", "unit", "goal", "", "note")
    for column in (2, 3):
        made.columns[column].justify = "right"
        made.columns[column].no_wrap = True
    before = ""
    for row in rows:
        value = "-" if row.value is None else number(row.value)
        name = row.benchmark if row.benchmark != before else ""
        made.add_row(
            name, row.what, value, row.spread, row.unit, row.goal, row.verdict, escape(row.note)
        )
        before = row.benchmark
    return made


def show(rows: Sequence[Row], machine: dict[str, Any]) -> None:
    """Print the table under the machine's line; wide enough for every note when piped."""
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()), soft_wrap=True)
    console.print(table(rows))


class Document(msgspec.Struct):
    """What `save` wrote; what can be derived is left out."""

    machine: dict[str, str]
    took: dict[str, float]  # seconds, by benchmark
    rows: list[Row]


def load(file: Path) -> Document:
    """Read a JSON document.

    Raises:
        msgspec.ValidationError: it is another one.
    """
    return msgspec.json.decode(file.read_bytes(), type=Document)


def save(rows: Sequence[Row], machine: dict[str, Any], took: dict[str, float], file: Path) -> None:
    """Write the JSON document.

    Args:
        took: seconds, by benchmark.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": machine,
        "took": took,
        "rows": [msgspec.to_builtins(row) | {"value": row.value, "met": row.met} for row in rows],
    }
    file.write_bytes(msgspec.json.format(msgspec.json.encode(document)))
