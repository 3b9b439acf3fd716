from pathlib import Path

import msgspec
import pytest

from benchmarks.learn import page, pictures, results, rows
from benchmarks.learn.rows import Row
from tests.benchmarks.learn.test_results import row, seed

__all__ = ["row"]


def test_the_page_is_what_the_documents_tell() -> None:
    """`make learn` writes it; nobody edits it."""
    found = [(each, results.of(each)) for each in map(rows.named, rows.names())]
    assert results.FOLDER.with_suffix(".md").read_text() == page.markdown(found)


def test_every_document_is_of_a_row_as_its_file_is_now() -> None:
    for file in results.FOLDER.glob("*.json"):
        assert results.of(rows.named(file.stem)).seeds, f"{file}: of another specification"
        assert file.with_suffix(".svg").is_file()


def test_the_page_lies_beside_its_folder(tmp_path: Path) -> None:
    written = page.write(tmp_path / "results")
    assert written == tmp_path / "results.md"
    assert all(f"[{name}]" in written.read_text() for name in rows.names())


def test_a_line_tells_the_mean_its_interval_and_whether_it_is_enough(
    row: Row, tmp_path: Path
) -> None:
    assert "| - | 0 of 5 | not run |" in page.line(row, results.of(row, tmp_path))
    results.add(row, seed(1, 390.0), tmp_path)
    assert "| 390.0 | 1 of 5 | so far not reached | 100 | 2 s | 0 |" in page.line(
        row, results.of(row, tmp_path)
    )
    told = page.line(row, results.add(row, seed(2, 410.0), tmp_path))
    assert "| 400.0 ± 127.1 | 2 of 5 | so far reached |" in told
    assert "`faastrain train benchmarks/learn/some.toml --set seed=1`" in told
    for number in (3, 4, 5):
        whole = results.add(row, seed(number, 300.0), tmp_path)
    assert "| 5 of 5 | not reached |" in page.line(row, whole)


def test_small_returns_are_told_to_the_third_decimal(row: Row, tmp_path: Path) -> None:
    small = row._replace(goal=msgspec.structs.replace(row.goal, goal=0.95))
    results.add(small, seed(1, 0.9555), tmp_path)
    told = page.line(small, results.add(small, seed(2, 0.9565), tmp_path))
    assert "| a guess | 0.950 | 0.956 ± 0.006 | 2 of 5 |" in told


def test_a_module_that_registers_the_environment_is_in_the_command(
    row: Row, tmp_path: Path
) -> None:
    grid = row._replace(goal=msgspec.structs.replace(row.goal, modules=["some_grid"]))
    told = page.line(grid, results.add(grid, seed(1), tmp_path))
    assert "`FTG_ENVIRONMENTS=some_grid faastrain train benchmarks/learn/some.toml" in told


def test_what_was_tried_stands_below_the_curve(row: Row, tmp_path: Path) -> None:
    row.file.write_text(row.file.read_text() + '#: tried = "Twice the steps."\n')
    tried = rows.read(row.file)
    found = results.add(tried, seed(1), tmp_path)
    assert page.markdown([(tried, found)]).endswith("(results/some.svg)\n\nTwice the steps.\n")


def test_a_curve_goes_through_every_seed_s_evaluations() -> None:
    seeds = [seed(1, 100.0), seed(2, 200.0)]
    steps = pictures.grid(seeds)
    each = pictures.curves(seeds, steps)
    assert (steps[0], steps[-1]) == (50, 100)
    assert each[:, 0].tolist() == [10.0, 10.0]
    assert each[:, -1].tolist() == [100.0, 200.0]


@pytest.mark.parametrize("count", [1, 3])
def test_equal_results_give_equal_pictures(row: Row, count: int, tmp_path: Path) -> None:
    for number in range(count):
        made = results.add(row, seed(number + 1, 400.0 + number), tmp_path)
    drawn = pictures.draw("some", made)
    assert drawn == pictures.draw("some", made)
    assert f"mean of {count} seeds" in drawn.decode()
