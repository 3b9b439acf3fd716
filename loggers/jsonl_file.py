"""JSON lines: {"run", "step", "time", "values": {name: value}}, of any number of runs."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from faastraingym.loggers import lines
from faastraingym.loggers.errors import CannotWrite
from faastraingym.loggers.kinds import Subject
from faastraingym.loggers.rows import Point, Row


class Line(Struct, frozen=True, kw_only=True):
    """One row; a number that JSON does not have is null."""

    run: str
    step: int
    time: float
    values: dict[str, float | None]


class JsonLines:
    """A Writer."""

    def __init__(self, path: Path, run: str) -> None:
        self._path, self._run = path, run

    def written(self) -> set[Point]:
        """Of the run's lines."""
        try:
            found = msgspec.json.Decoder(Line).decode_lines(lines.whole(self._path))
        except msgspec.MsgspecError as error:
            raise CannotWrite(
                f"{self._path} holds other lines ({error}); name another file"
            ) from error
        return {
            (name, line.step) for line in found if line.run == self._run for name in line.values
        }

    def write(self, rows: Sequence[Row]) -> None:
        """A line each."""
        made = [
            Line(run=self._run, step=row.step, time=row.at, values=dict(row.values)) for row in rows
        ]
        lines.append(self._path, msgspec.json.Encoder().encode_lines(made).decode())

    def close(self, status: str) -> None:
        """The file is written."""


def open_writer(target: str, subject: Subject) -> JsonLines:
    """Rows go to the end of the file `target`."""
    return JsonLines(Path(target), subject.run)
