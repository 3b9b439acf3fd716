from benchmarks.functions.ping.arrivals import Arrival
from benchmarks.hops import Hop, Parts, latencies, parts

MS = 1_000_000


def hop(queue: int, gateway: int, enter: int, accept: int) -> Hop:
    """A hop of whole milliseconds."""
    at = [5, 5 + queue, 5 + queue + gateway, 5 + queue + gateway + enter]
    return Hop(at[0] * MS, (5 + accept) * MS, Arrival("run", *(t * MS for t in at[1:])))


def test_a_hop_is_the_sum_of_its_parts() -> None:
    assert parts(hop(4, 2, 1, 3)) == Parts(whole=7.0, queue=4.0, gateway=2.0, enter=1.0, accept=3.0)


def test_percentiles_are_of_one_repetition_each() -> None:
    rows = latencies("fact", [[hop(1, 1, 1, 1)] * 3, [hop(2, 2, 2, 2)] * 3], goals=(4.0, 5.0))
    assert [row.samples for row in rows[:3]] == [[3.0, 6.0], [3.0, 6.0], [1.0, 2.0]]
    assert [row.met for row in rows[:2]] == [False, True]
