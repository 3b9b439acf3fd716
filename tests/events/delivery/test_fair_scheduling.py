"""Lanes take turns: order within a lane, turns between lanes, bounds of both kinds."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.delivery.fair_scheduling import LARGEST, MOST, MOST_BYTES, FairQueue

ARRIVALS = st.lists(st.sampled_from("abcde"), max_size=60)


def filled(lanes: str | list[str], size: int = 1) -> FairQueue[tuple[str, int]]:
    queue: FairQueue[tuple[str, int]] = FairQueue()
    for number, lane in enumerate(lanes):
        queue.add(lane, (lane, number), size)
    return queue


def taken(queue: FairQueue[tuple[str, int]]) -> list[tuple[str, int]]:
    return list(iter(queue.next, None))


def test_a_late_small_lane_does_not_wait_for_a_long_one() -> None:
    """Its items take every second turn from when they came."""
    order = "".join(lane for lane, _ in taken(filled("aaaaaaaabb")))
    assert order == "ababaaaaaa"


def test_a_lane_that_comes_back_comes_last() -> None:
    """Who has just been served does not overtake who waits."""
    queue = filled("ab")
    assert queue.next() == ("a", 0)
    queue.add("a", ("a", 9), 1)
    assert [lane for lane, _ in taken(queue)] == ["b", "a"]


def test_nothing_can_be_taken_from_an_empty_queue() -> None:
    assert filled("").next() is None


def test_a_lane_that_may_not_keeps_its_turn() -> None:
    """The next one that may is served, and the others are where they were."""
    queue = filled("aabbc")
    assert queue.next(lambda lane: lane != "a") == ("b", 2)
    assert queue.next(lambda lane: False) is None
    assert [lane for lane, _ in taken(queue)] == ["a", "c", "b", "a"]
    assert filled("aabbc").lanes() == {"a": 2, "b": 2, "c": 1}


@given(ARRIVALS)
def test_everything_comes_out_once_and_each_lane_in_its_order(lanes: list[str]) -> None:
    out = taken(filled(lanes))
    assert sorted(out, key=lambda item: item[1]) == list(zip(lanes, range(len(lanes)), strict=True))
    for lane in set(lanes):
        numbers = [number for name, number in out if name == lane]
        assert numbers == sorted(numbers)


@given(ARRIVALS)
def test_no_lane_is_ahead_by_more_than_a_turn_of_one_that_waits(lanes: list[str]) -> None:
    """At any moment, of two lanes that still wait neither was served twice more than the other."""
    left, served = Counter(lanes), Counter[str]()
    for lane, _ in taken(filled(lanes)):
        waiting = {name for name in left if left[name]}
        assert served[lane] == min(served[name] for name in waiting)
        left[lane] -= 1
        served[lane] += 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 100)), max_size=80))
def test_it_is_as_long_as_what_came_less_what_went(steps: list[tuple[str, bool, int]]) -> None:
    """Additions and removals in any order; empty again, it has all its room."""
    queue: FairQueue[int] = FairQueue()
    count = 0
    for lane, add, size in steps:
        if add:
            queue.add(lane, size, size)
            count += 1
        elif count:
            queue.next()
            count -= 1
        assert len(queue) == count
    while queue:
        queue.next()
    assert queue.room == FairQueue().room


@given(st.lists(st.integers(1, LARGEST), min_size=1, max_size=200))
def test_who_asks_for_room_before_adding_never_breaks_a_bound(sizes: list[int]) -> None:
    """Neither the count nor the bytes, whatever comes in the room that was told."""
    queue: FairQueue[int] = FairQueue()
    coming = iter(sizes * 20)
    total = 0
    while queue.room:
        batch = [size for size, _ in zip(coming, range(queue.room), strict=False)]
        for size in batch:
            queue.add("lane", size, size)
            total += size
        if not batch:
            break
    assert len(queue) <= MOST
    assert total <= MOST_BYTES
