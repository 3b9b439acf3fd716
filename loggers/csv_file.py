"""CSV: run, step, time, and a column for each name; a number that a row lacks is empty."""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from faastraingym.loggers import lines
from faastraingym.loggers.errors import CannotWrite
from faastraingym.loggers.kinds import Subject
from faastraingym.loggers.rows import Point, Row

FIRST = ("run", "step", "time")
Record = Mapping[str, object]


class CsvFile:
    """A Writer. A name that the file has no column for makes it anew, with one more."""

    def __init__(self, path: Path, run: str) -> None:
        self._path, self._run = path, run
        self._columns: list[str] = []

    def written(self) -> set[Point]:
        """Of the run's rows."""
        found = self._read()
        try:
            return {
                (name, int(record["step"]))
                for record in found
                if record["run"] == self._run
                for name, value in record.items()
                if value and name not in FIRST
            }
        except (TypeError, ValueError) as error:
            raise CannotWrite(f"{self._path} holds another table; name another file") from error

    def write(self, rows: Sequence[Row]) -> None:
        """Append them; the whole file where a column is new."""
        made = [
            {"run": self._run, "step": row.step, "time": f"{row.at:.3f}", **row.values}
            for row in rows
        ]
        new = {name for row in rows for name in row.values} - set(self._columns)
        if not new:
            lines.append(self._path, _text(self._columns, made))
            return
        earlier = self._read() if self._columns else []
        self._columns = [*FIRST, *sorted(new.union(self._columns) - set(FIRST))]
        self._replace(_text(self._columns, [*earlier, *made], head=True))

    def close(self, status: str) -> None:
        """The file is written."""

    def _read(self) -> list[dict[str, str]]:
        text = lines.whole(self._path)
        reader = csv.DictReader(io.StringIO(text, newline=""))
        self._columns = list(reader.fieldnames or [])
        if self._columns and self._columns[: len(FIRST)] != [*FIRST]:
            raise CannotWrite(f"{self._path} holds another table; name another file")
        return list(reader)

    def _replace(self, text: str) -> None:
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            draft.write_text(text, encoding="utf-8", newline="")
            draft.replace(self._path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise CannotWrite(f"{self._path}: {error.strerror}") from error


def _text(columns: Sequence[str], records: Iterable[Record], head: bool = False) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    if head:
        writer.writeheader()
    writer.writerows(records)
    return buffer.getvalue()


def open_writer(target: str, subject: Subject) -> CsvFile:
    """Rows go to the end of the file `target`."""
    return CsvFile(Path(target), subject.run)
