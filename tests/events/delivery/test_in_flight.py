"""What is in hand is kept alive, taken once, and handed back if it has not begun."""

from faastraingym.events.delivery.in_flight import InFlight, Taken
from faastraingym.events.delivery.shares import Standing
from tests.fakes import InMemoryDelivery, InMemorySubscription

SLOTS = 4


def filled(
    count: int, queue: InMemorySubscription | None = None
) -> tuple[InFlight[str], list[InMemoryDelivery], Taken[str]]:
    """One of `count` deliveries is in flight, the others wait; the run is proven."""
    queue = queue or InMemorySubscription(immediate=True, quiet=1)
    deliveries = [InMemoryDelivery(queue, "s", b"data", str(i), 1, {}) for i in range(count)]
    in_hand: InFlight[str] = InFlight(SLOTS)
    in_hand.shares.tell("run", Standing.PROVEN)
    for delivery in deliveries:
        in_hand.take("run", delivery, "way")
    begun = in_hand.next(SLOTS)
    assert begun is not None
    assert (begun.message, begun.by, begun.run) == (deliveries[0], "way", "run")
    return in_hand, deliveries, begun


async def test_what_waits_is_kept_alive_like_what_is_in_flight() -> None:
    """Or the broker would give it to somebody else."""
    in_hand, deliveries, begun = filled(200)
    in_hand.let_go(begun)
    await in_hand.extend()
    assert [delivery.extended for delivery in deliveries] == [0] + [1] * 199
    assert (len(in_hand), in_hand.waiting) == (199, 199)


def test_what_comes_again_is_not_taken_twice() -> None:
    """Neither while it waits nor while it is in flight; afterwards it is."""
    in_hand, deliveries, begun = filled(2)
    for delivery in deliveries:
        in_hand.take("run", delivery, "way")
    assert (len(in_hand), in_hand.waiting) == (2, 1)
    in_hand.let_go(begun)
    in_hand.take("run", deliveries[0], "way")
    assert (len(in_hand), in_hand.waiting) == (2, 2)


async def test_what_has_not_begun_is_handed_back() -> None:
    """What is in flight stays in hand."""
    queue = InMemorySubscription(immediate=True, quiet=1)
    in_hand, _, _ = filled(5, queue)
    await in_hand.hand_back()
    assert (len(in_hand), in_hand.waiting) == (1, 0)
    again = await queue.next(64)
    assert [delivery.message_id for delivery in again] == ["1", "2", "3", "4"]


def test_what_waits_for_its_own_run_does_not_keep_others_from_being_taken() -> None:
    """Of a run that is not proven one delivery begins, and the others count for nothing."""
    in_hand, _, _ = filled(1)
    queue = InMemorySubscription(immediate=True, quiet=1)
    for index in range(100):
        delivery = InMemoryDelivery(queue, "s", b"data", f"new-{index}", 1, {})
        in_hand.take("new", delivery, "way")
    assert in_hand.waiting == 1
    begun = in_hand.next(SLOTS)
    assert begun is not None
    assert (begun.run, in_hand.waiting, in_hand.next(SLOTS)) == ("new", 0, None)
    in_hand.shares.tell("new", Standing.PROVEN)
    assert in_hand.waiting == 99
