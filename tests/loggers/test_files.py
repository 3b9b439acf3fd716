"""CSV and JSON lines: written, cut off, and written again."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from faastraingym.loggers import csv_file, jsonl_file
from faastraingym.loggers.errors import CannotWrite
from faastraingym.loggers.kinds import Writer
from faastraingym.loggers.rows import Row, points
from tests.loggers.facts import ROWS, RUN, SUBJECT

Values = dict[str, float]
Read = Callable[[Path], list[tuple[str, int, Values]]]
ALL = [(RUN, row.step, row.values) for row in ROWS]


def from_csv(path: Path) -> list[tuple[str, int, Values]]:
    with path.open(newline="") as file:
        return [
            (
                record.pop("run"),
                int(record.pop("step")),
                {k: float(v) for k, v in record.items() if v and k != "time"},
            )
            for record in csv.DictReader(file)
        ]


def from_jsonl(path: Path) -> list[tuple[str, int, Values]]:
    told = [json.loads(line) for line in path.read_text().splitlines()]
    return [(line["run"], line["step"], line["values"]) for line in told]


FILES = pytest.mark.parametrize(
    ("opened", "read"),
    [(csv_file.open_writer, from_csv), (jsonl_file.open_writer, from_jsonl)],
    ids=["csv", "jsonl"],
)


def write(writer: Writer, rows: list[Row]) -> None:
    writer.written()
    writer.write(rows)
    writer.close("completed")


@FILES
def test_rows_are_read_as_they_were_written(opened: Callable, read: Read, tmp_path: Path) -> None:
    """One after another, the last with a column that the table had not."""
    path = tmp_path / "progress"
    writer = opened(str(path), SUBJECT)
    writer.written()
    for row in ROWS:
        writer.write([row])
    assert read(path) == ALL


@FILES
def test_another_process_knows_what_is_there(opened: Callable, read: Read, tmp_path: Path) -> None:
    path = tmp_path / "progress"
    assert opened(str(path), SUBJECT).written() == set()
    write(opened(str(path), SUBJECT), ROWS)
    assert opened(str(path), SUBJECT).written() == {point for row in ROWS for point in points(row)}
    assert read(path) == ALL


@FILES
def test_a_line_that_was_cut_off_is_written_again(
    opened: Callable, read: Read, tmp_path: Path
) -> None:
    path = tmp_path / "progress"
    write(opened(str(path), SUBJECT), ROWS)
    path.write_bytes(path.read_bytes()[:-5])
    again = opened(str(path), SUBJECT)
    assert again.written() == {point for row in ROWS[:-1] for point in points(row)}
    again.write(ROWS[-1:])
    assert read(path) == ALL


@FILES
def test_several_runs_share_a_file(opened: Callable, read: Read, tmp_path: Path) -> None:
    path = tmp_path / "progress"
    write(opened(str(path), SUBJECT), ROWS)
    other = opened(str(path), SUBJECT._replace(run="other"))
    assert other.written() == set()
    other.write(ROWS[:1])
    assert read(path) == [*ALL, ("other", 64, ROWS[0].values)]


@FILES
def test_the_file_of_somebody_else_is_left_alone(
    opened: Callable, read: Read, tmp_path: Path
) -> None:
    path = tmp_path / "mine"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(CannotWrite, match=r"mine holds (another table|other lines).*; name anothe"):
        opened(str(path), SUBJECT).written()
    assert path.read_text() == "a,b\n1,2\n"


@FILES
def test_where_nothing_can_be_written_is_said(opened: Callable, read: Read, tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="x: No such file or directory; name another file"):
        opened(str(tmp_path / "nowhere" / "x"), SUBJECT).written()


def test_json_has_no_nan(tmp_path: Path) -> None:
    """It is null, and is known to be written."""
    path = tmp_path / "x.jsonl"
    write(jsonl_file.open_writer(str(path), SUBJECT), [Row(1, 0.0, {"train/loss": float("nan")})])
    assert json.loads(path.read_text())["values"] == {"train/loss": None}
    assert jsonl_file.open_writer(str(path), SUBJECT).written() == {("train/loss", 1)}
