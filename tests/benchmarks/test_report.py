from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from benchmarks.report import Floor, Row, load, number, save, table


def test_a_row_is_worth_its_median() -> None:
    assert Row(benchmark="b", what="w", samples=[9.0, 1.0, 2.0]).value == 2.0


@pytest.mark.parametrize(
    ("bounds", "goal", "met"),
    [
        ({"at_most": 2.0}, "<= 2", True),
        ({"at_most": 1.9}, "<= 1.9", False),
        ({"at_least": 2.0}, ">= 2", True),
        ({"at_least": 20.0}, ">= 20", False),
        ({}, "", None),
    ],
)
def test_goals_bound_from_above_or_below(
    bounds: dict[str, float], goal: str, met: bool | None
) -> None:
    row = Row(benchmark="b", what="w", samples=[2.0], **bounds)
    assert (row.goal, row.met) == (goal, met)


@pytest.mark.parametrize(
    ("row", "better"),
    [
        ({"unit": "ms"}, "lower"),
        ({"unit": "steps/s"}, "higher"),
        ({"unit": "x", "benchmark": "solving"}, "lower"),
        ({"unit": "x", "benchmark": "lag"}, "higher"),
        ({"unit": "x", "benchmark": "lag", "at_most": 1.0}, "lower"),
        ({"unit": "runs"}, ""),
    ],
)
def test_every_quantity_has_a_better_direction(row: dict, better: str) -> None:
    assert Row(**({"benchmark": "b", "what": "w"} | row)).better == better


def test_what_was_not_measured_meets_nothing() -> None:
    row = Row(benchmark="b", what="w", at_most=1.0, note="not installed")
    assert (row.value, row.met) == (None, None)


def test_numbers_have_three_digits_or_whole_thousands() -> None:
    assert [number(v) for v in (0.012345, 3.14159, 12345.6)] == ["0.0123", "3.14", "12,346"]


def test_the_table_tells_value_range_goal_and_verdict() -> None:
    console = Console(width=120)
    with console.capture() as captured:
        note = "pip install '.[box2d]'"
        row = Row(benchmark="b", what="w", samples=[1.0, 3.0], at_most=1.0, note=note)
        console.print(table([row]))
    assert "1 - 3" in captured.get()
    assert note in captured.get()
    assert "missed" in captured.get()


def test_the_document_keeps_every_sample(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    row = Row(benchmark="b", what="w", samples=[1.0, 3.0], at_most=5.0, floor=Floor(1.0, "light"))
    save([row], {"cores": "2"}, {"b": 7.0}, file)
    saved = msgspec.json.decode(file.read_bytes())
    assert saved["machine"] == {"cores": "2"}
    assert saved["rows"][0]["samples"] == [1.0, 3.0]
    assert (saved["rows"][0]["value"], saved["rows"][0]["met"]) == (2.0, True)
    assert (load(file).rows, load(file).took) == ([row], {"b": 7.0})


def test_the_gap_is_how_many_times_the_floor_the_value_is() -> None:
    assert Row(benchmark="b", what="w", samples=[3.0], floor=Floor(2.0, "light")).gap == 1.5
    assert Row(benchmark="b", what="w", floor=Floor(2.0, "light")).gap is None
