"""The limit of what is in flight: where it begins, how it gives way, how it grows again."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.delivery.concurrency_limit import MOST_ROUNDS, ROUNDS, Limit


def test_without_refusals_it_is_what_the_stack_says() -> None:
    """Whatever else is answered: on a gateway that queues nothing changes."""
    limit = Limit(4)
    for _ in range(1000):
        limit.taken(limit.begin())
        limit.end()
    assert limit.now == 4


def test_the_refusals_of_one_burst_count_once() -> None:
    """They were all sent before anybody knew."""
    limit = Limit(32)
    begun = [limit.begin() for _ in range(32)]
    for since in begun:
        limit.refused(since)
    assert limit.now == 16


def test_it_is_never_below_one() -> None:
    limit = Limit(2)
    for _ in range(5):
        limit.refused(limit.begin())
        limit.end()
    assert limit.now == 1


def room(limit: Limit, replicas: int, invocations: int) -> int:
    """The refusals of a function of so many slots, while more waits than they take."""
    begun: deque[int] = deque()
    refusals = 0
    for _ in range(invocations):
        while not limit.is_reached:
            since = limit.begin()
            if len(begun) < replicas:
                begun.append(since)
            else:  # who is busy says so at once; what was refused comes again later
                limit.refused(since)
                limit.end()
                refusals += 1
                break
        limit.taken(begun.popleft())
        limit.end()
    for _ in begun:
        limit.end()
    return refusals


@given(st.integers(1, 16), st.integers(1, 20))
def test_what_is_refused_is_little(most: int, replicas: int) -> None:
    """However few replicas there are; and those that there are, are used."""
    limit = Limit(most)
    refused = room(limit, replicas, 3 * ROUNDS * most * most)
    assert refused <= 2 * most + 10
    assert min(most, replicas) <= limit.now <= min(most, replicas) + 1
    assert room(limit, replicas, MOST_ROUNDS * most) <= MOST_ROUNDS * most / 100 + 6


@given(st.lists(st.integers(1, 8), min_size=2, max_size=4))
def test_it_follows_the_replicas(replicas: list[int]) -> None:
    """Down at once, up with their successes."""
    limit = Limit(8)
    for live in replicas:
        room(limit, live, 2 * MOST_ROUNDS * 8)
        assert live <= limit.now <= live + 1
