"""What was measured already: benchmarks/results/targets.json, written after every measurement."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks import machine
from benchmarks.targets.rows import Row

FILE = Path(__file__).parents[1] / "results" / "targets.json"
LOAD = "load before"  # of a machine's description: not part of what it is


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
        file.parent.mkdir(parents=True, exist_ok=True)
        written = file.with_suffix(".new")
        written.write_bytes(msgspec.json.format(msgspec.json.encode(self)))
        written.replace(file)


def settings(row: Row) -> str:
    """The digest of all that a row's file says."""
    return hashlib.sha256(row.file.read_bytes()).hexdigest()[:16]


def load(file: Path = FILE) -> Records:
    """What the file has of this machine and these versions; nothing of another's counts."""
    here = {name: value for name, value in machine.describe().items() if name != LOAD}
    if file.exists():
        found = msgspec.json.decode(file.read_bytes(), type=Records)
        if found.machine == here:
            return found
    return Records(machine=here)
