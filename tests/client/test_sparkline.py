from hypothesis import given
from hypothesis import strategies as st

from faastraingym.client.sparkline import BLOCKS, sparkline


def test_low_is_low_and_high_is_high() -> None:
    """The least value gets the lowest block, the greatest the highest."""
    assert sparkline([0, 7, 3.5]) == "▁█▅"


def test_a_flat_or_empty_curve_is_no_error() -> None:
    """No division by a span of zero."""
    assert sparkline([5.0, 5.0]) == "▁▁"
    assert sparkline([]) == ""


def test_many_values_are_means_of_neighbours() -> None:
    """Eight values in four places: pairs are averaged."""
    assert sparkline([0, 0, 1, 1, 2, 2, 7, 7], 4) == "▁▂▃█"


@given(st.lists(st.floats(-1e6, 1e6)), st.integers(1, 80))
def test_never_wider_than_asked(values: list[float], width: int) -> None:
    """One block for each value, as far as there is room."""
    line = sparkline(values, width)
    assert len(line) == min(width, len(values))
    assert set(line) <= set(BLOCKS)
