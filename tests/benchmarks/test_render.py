import pytest

from benchmarks.render import BEGIN, END, PAGE, markdown, replaced
from benchmarks.report import Document, Floor, Row

ROWS = [
    Row(benchmark="hops", what="whole", unit="ms", samples=[2.0, 4.0], at_most=1.5),
    Row(benchmark="hops", what="  part", unit="ms", samples=[2.0], floor=Floor(1.0, "light")),
    Row(benchmark="cost", what="peer", note="not installed"),
]


def document(rows: list[Row], cores: str = "2", load: str = "0.10") -> Document:
    """One file."""
    return Document({"cores": cores, "load before": load}, {rows[0].benchmark: 61.4}, rows)


def test_several_files_are_one_table() -> None:
    told = markdown([document(ROWS[:2]), document(ROWS[2:], load="0.20")]).splitlines()
    assert told[0] == "cores 2; load before 0.10, 0.20."
    assert told[2] == "They took: hops 61 s, cost 61 s."
    assert told[6:] == [
        "| **hops** |  |  |  |  |  |  |  |  |  |",
        "| whole | 3 | 2 - 4 | ms | lower | <= 1.5 | missed |  |  |  |",
        "| &emsp;part | 2 |  | ms | lower |  |  | 1: light | 2.00 x |  |",
        "| **cost** |  |  |  |  |  |  |  |  |  |",
        "| peer | - |  |  |  |  |  |  |  | not installed |",
    ]


def test_figures_of_different_machines_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="different machines"):
        markdown([document(ROWS), document(ROWS, cores="4")])


def test_only_what_lies_between_the_markers_changes() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = replaced(page, "new\n")
    assert once == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert replaced(once, "new\n") == once


@pytest.mark.parametrize("page", ["", BEGIN, f"{END} {BEGIN}", f"{BEGIN} {END} {END}"])
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="each once"):
        replaced(page, "new\n")


def test_the_page_takes_the_table() -> None:
    assert "\nnew\n" in replaced(PAGE.read_text(), "new\n")
