"""What was measured already: benchmarks/results/targets.json, written after every measurement."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks import kept
from benchmarks.targets.rows import Row

FILE = Path(__file__).parents[1] / "results" / "targets.json"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One process, from its start to its end."""

    row: str  # the file's stem
    settings: str  # digest of the row's file
    who: str
    seed: int
    seconds: float
    env_steps: float
    return_mean: float  # of the last evaluation


class Records(msgspec.Struct, kw_only=True):
    """Of one machine."""

    machine: dict[str, str]
    records: list[Record] = []

    def of(self, row: Row, who: str, seeds: Sequence[int]) -> list[Record]:
        """Those of a row as its file is now, by seed."""
        digest = settings(row)
        found = [
            r
            for r in self.records
            if (r.row, r.who, r.settings) == (row.file.stem, who, digest) and r.seed in seeds
        ]
        return sorted(found, key=lambda record: record.seed)

    def add(self, record: Record, file: Path) -> None:
        """Keep one more, whole, whenever it is cut off."""
        self.records.append(record)
        kept.write(file, kept.document(self))


def settings(row: Row) -> str:
    """The digest of all that a row's file says."""
    return kept.settings(row.file)


def load(file: Path = FILE) -> Records:
    """What the file has of this machine and these versions; nothing of another's counts."""
    return kept.of_machine(file, Records)
