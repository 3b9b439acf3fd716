import pytest

from benchmarks.functions.ping.arrivals import Arrival
from benchmarks.hops import Hop, Parts, latencies, parts

MS = 1_000_000


def hop(publish: int, queue_worker: int, gateway: int, replica: int) -> Hop:
    """A hop of whole milliseconds."""
    accepted = 5 + publish
    at_gateway = accepted + queue_worker
    at_replica = at_gateway + gateway
    times = (at_gateway, at_replica, at_replica + replica)
    return Hop(5 * MS, accepted * MS, Arrival("run", 0, *(t * MS for t in times)))


@pytest.mark.parametrize(
    ("delivery", "split"), [(2, Parts(9, 4, 2, 2, 1)), (-1, Parts(6, 3, 0, 2, 1))]
)
def test_a_hop_is_the_sum_of_its_parts(delivery: int, split: Parts) -> None:
    """Also when the delivery overtakes the acknowledgement."""
    assert parts(hop(4, delivery, 2, 1)) == split
    assert split.whole == sum(split[1:])


def test_percentiles_are_of_one_repetition_each() -> None:
    rows = latencies("fact", [[hop(1, 1, 1, 0)] * 3, [hop(2, 2, 2, 0)] * 3], goals=(4.0, 5.0))
    by_name = {row.what.strip(): row for row in rows}
    assert by_name["fact -> handler, p50"].samples == [3.0, 6.0]
    assert by_name["queue-worker, p99"].samples == [1.0, 2.0]
    assert [row.met for row in rows[:3]] == [False, True, None]
