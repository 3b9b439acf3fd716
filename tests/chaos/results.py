"""What became of a plan: as a table, as JSON."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from tests.chaos.plan import Fault


class Injected(Struct, frozen=True, kw_only=True):
    """A fault that happened; times in seconds."""

    fault: Fault
    hit: str
    at: float  # since the first run was requested
    lasted: float  # until everything was there again that was held, cut or taken down
    recovered: float | None  # from then until every run had said another fact; None: never


class Outcome(Struct, kw_only=True):
    """One seed."""

    algorithm: str
    seed: int
    planned: int
    injected: list[Injected]
    runs: int  # or experiments
    experiments: bool
    resumed: bool  # whether a run was, too
    sha256: str  # of every run's policy, or every winner's, when nothing is in `breaches`
    facts: int
    wall: float  # seconds
    calm: float  # seconds that as many facts take undisturbed, on the same stack
    breaches: list[str]  # of what was promised

    @property
    def survived(self) -> int:
        """Faults that the runs recovered from."""
        return sum(injected.recovered is not None for injected in self.injected)

    @property
    def lost(self) -> float:
        """Seconds beyond what an undisturbed stack takes."""
        return self.wall - self.calm

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return not self.breaches and self.survived == self.planned


def table(outcomes: Sequence[Outcome]) -> Table:
    """One line for each kind and victim: medians of what it lasted and then took, the worst."""
    made = Table("fault", "victim", "injected", "recovered", "lasted", "then", "worst")
    for column in made.columns[2:]:
        column.justify = "right"
    found = [injected for outcome in outcomes for injected in outcome.injected]
    for kind, victim in sorted({(i.fault.kind, i.fault.victim) for i in found}):
        these = [i for i in found if (i.fault.kind, i.fault.victim) == (kind, victim)]
        after = [i.recovered for i in these if i.recovered is not None]
        made.add_row(
            kind,
            victim,
            str(len(these)),
            str(len(after)),
            _seconds([i.lasted for i in these]),
            _seconds(after),
            f"{max(after):.1f} s" if after else "-",
        )
    return made


def sentence(outcome: Outcome) -> str:
    """One seed in one line."""
    what, kept = ("runs", "in every run" + (", the resumed one too" if outcome.resumed else ""))
    if outcome.experiments:
        what, kept = ("experiments", "of each winner; every decision and every policy is the same")
    return (
        f"{outcome.algorithm}, seed {outcome.seed}: {outcome.survived} of {outcome.planned} faults"
        f" survived by {outcome.runs} {what}; {outcome.facts} facts in {outcome.wall:.0f} s,"
        f" of which {outcome.lost:.0f} s lost; policy SHA-256 {outcome.sha256[:16]}"
        f" {kept if outcome.is_good else 'BROKEN'}"
    )


def show(outcomes: Sequence[Outcome]) -> None:
    """Print the table, then a line for each seed and for each breach."""
    console = Console()
    if not console.is_terminal:
        console.width = 120
    console.print(table(outcomes))
    for outcome in outcomes:
        for line in (sentence(outcome), *(f"  {breach}" for breach in outcome.breaches)):
            console.print(line, soft_wrap=True, highlight=False, markup=False)


def save(outcomes: Iterable[Outcome], file: Path) -> None:
    """Write the JSON document."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(list(outcomes))))


def _seconds(values: Sequence[float]) -> str:
    return f"{median(values):.1f} s" if values else "-"
