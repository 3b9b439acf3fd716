"""How many replicas."""

from hypothesis import given
from hypothesis import strategies as st

from faastraingym.embedded.provider.scaling import desired, surplus

SMALL = st.integers(0, 50)


def test_each_request_gets_a_slot() -> None:
    """Five requests at two per replica are three replicas."""
    assert desired(5, 2, 0, 10) == 3


def test_nothing_asked_is_the_floor() -> None:
    """Zero where zero is allowed."""
    assert desired(0, 1, 0, 4) == 0
    assert desired(0, 1, 2, 4) == 2


def test_unlimited_replicas_are_never_more_than_needed() -> None:
    """One takes everything."""
    assert desired(1000, None, 0, 4) == 1


@given(SMALL, st.none() | st.integers(1, 9), st.integers(0, 5), st.integers(1, 9))
def test_bounds_hold_and_more_demand_is_never_fewer(
    demand: int, inflight: int | None, floor: int, above: int
) -> None:
    """Between floor and ceiling, monotone in demand."""
    ceiling = floor + above
    now = desired(demand, inflight, floor, ceiling)
    assert floor <= now <= ceiling
    assert now <= desired(demand + 1, inflight, floor, ceiling)
    assert now == ceiling or inflight is None or now * inflight >= demand


def test_the_longest_idle_goes_first() -> None:
    """And who was used lately stays."""
    last_used = {"a": 5.0, "b": 1.0, "c": 9.0}
    assert surplus(last_used, alive=3, floor=0, since=6.0) == ["b", "a"]


def test_the_floor_counts_busy_replicas_too() -> None:
    """Three alive, two stay: one of the idle ones goes."""
    assert surplus({"a": 1.0, "b": 2.0}, alive=3, floor=2, since=6.0) == ["a"]
    assert surplus({"a": 1.0}, alive=1, floor=1, since=6.0) == []
