import pytest

from benchmarks.throughput import COUNTS, Measured, check, rows
from faastraingym.schemas.messages import InvocationCompleted


def metered(index: int, status: int = 200) -> InvocationCompleted:
    """An invocation of `ping` for the fact with this index."""
    return InvocationCompleted(
        run="512-in-flight-0",
        function="ping",
        call_id="c",
        replica="r",
        started_at=1.0,
        seconds=0.001,
        memory_mb=256,
        cold_start=False,
        status=status,
        index=index,
    )


def test_every_fact_once_is_right() -> None:
    check([metered(1), metered(0)], count=2)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ([metered(0)], r"1 of 2 facts lost: \[1\]"),
        ([metered(0), metered(1, status=503)], r"lost: \[1\]"),
        ([metered(0), metered(1), metered(1)], r"twice: \[1\]"),
    ],
)
def test_lost_or_doubled_facts_are_an_error(seen: list[InvocationCompleted], said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        check(seen, count=2)


def test_rates_stand_beside_ray_s_of_the_same_repetition() -> None:
    one = Measured(9.0, [1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 2.0, 2.0])
    ratios = [row for row in rows([one, one]) if row.unit == "x"]
    assert [row.samples for row in ratios] == [[0.5] * 2, [1.0] * 2, [1.5] * 2, [2.0] * 2]
    assert [row.met for row in ratios] == [None, None, True, None]


def test_without_ray_its_rows_say_how_to_get_it() -> None:
    found = rows([Measured(9.0, [1.0, 2.0, 3.0, 4.0], [])])
    missing = [row for row in found if not row.samples]
    assert len(missing) == 2 * len(COUNTS)
    assert all("PEERS=1" in row.note for row in missing)
