from pathlib import Path

import msgspec
import pytest

from benchmarks.learn import results, rows
from benchmarks.learn.results import Point, Seed
from benchmarks.learn.rows import Row
from tests.benchmarks.learn.test_rows import ROW


@pytest.fixture
def row(tmp_path: Path) -> Row:
    file = tmp_path / "some.toml"
    file.write_text(ROW)
    return rows.read(file)


def seed(number: int, mean: float = 400.0) -> Seed:
    return Seed(
        seed=number,
        returns=[mean - 1, mean + 1],
        env_steps=100,
        versions=2,
        staleness=0.0,
        seconds=1.5,
        sha256="0" * 64,
        curve=[Point(50, 10.0), Point(100, mean)],
        version="1",
        machine={},
    )


def test_a_seed_that_is_written_is_not_trained_again(row: Row, tmp_path: Path) -> None:
    assert results.missing(row, range(1, 4), tmp_path) == [1, 2, 3]
    results.add(row, seed(2), tmp_path)
    grown = results.add(row, seed(1), tmp_path)
    assert [each.seed for each in grown.seeds] == [1, 2]
    assert results.of(row, tmp_path) == grown
    assert results.missing(row, range(1, 4), tmp_path) == [3]
    assert [file.name for file in tmp_path.glob("*.json*")] == ["some.json"]


def test_another_specification_begins_anew_and_another_goal_does_not(
    row: Row, tmp_path: Path
) -> None:
    results.add(row, seed(1), tmp_path)
    row.file.write_text(ROW.replace("400.0", "300.0"))
    easier = rows.read(row.file)
    assert results.missing(easier, [1], tmp_path) == []
    assert results.of(easier, tmp_path).goal.goal == 300.0
    row.file.write_text(ROW.replace("= 32", "= 16"))
    changed = rows.read(row.file)
    assert results.missing(changed, [1], tmp_path) == [1]
    assert len(results.add(changed, seed(2), tmp_path).seeds) == 1


def test_a_row_is_reached_by_the_mean_of_its_seeds(row: Row, tmp_path: Path) -> None:
    results.add(row, seed(1, 300.0), tmp_path)
    assert not results.of(row, tmp_path).reached
    assert results.add(row, seed(2, 500.0), tmp_path).reached
    mean, half = results.of(row, tmp_path).interval
    assert mean == 400.0
    assert half == pytest.approx(12.706 * 100.0)


def test_a_document_has_a_line_for_each_seed(row: Row, tmp_path: Path) -> None:
    for number in (1, 2):
        results.add(row, seed(number), tmp_path)
    lines = (tmp_path / "some.json").read_text().splitlines()
    assert [line.startswith('{"seed":') for line in lines].count(True) == 2
    assert msgspec.json.decode((tmp_path / "some.json").read_bytes())["goal"]["goal"] == 400.0
