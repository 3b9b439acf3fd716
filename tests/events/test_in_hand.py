"""What is in hand is kept alive, taken once, and handed back if it has not begun."""

from events.in_hand import InHand
from tests.fakes import InMemoryDelivery, InMemorySubscription


def filled(
    count: int, queue: InMemorySubscription | None = None
) -> tuple[InHand[str], list[InMemoryDelivery]]:
    """One of `count` deliveries is in flight, the others wait."""
    queue = queue or InMemorySubscription(immediate=True, quiet=1)
    deliveries = [InMemoryDelivery(queue, "s", b"data", str(i), 1, "") for i in range(count)]
    in_hand: InHand[str] = InHand()
    for delivery in deliveries:
        in_hand.take("run", delivery, "way")
    assert in_hand.next() == (deliveries[0], "way")
    return in_hand, deliveries


async def test_what_waits_is_kept_alive_like_what_is_in_flight() -> None:
    """Or the broker would give it to somebody else."""
    in_hand, deliveries = filled(200)
    in_hand.let_go(deliveries[0])
    await in_hand.extend()
    assert [delivery.extended for delivery in deliveries] == [0] + [1] * 199
    assert (len(in_hand), in_hand.waiting) == (199, 199)


def test_what_comes_again_is_not_taken_twice() -> None:
    """Neither while it waits nor while it is in flight; afterwards it is."""
    in_hand, deliveries = filled(2)
    for delivery in deliveries:
        in_hand.take("run", delivery, "way")
    assert (len(in_hand), in_hand.waiting) == (2, 1)
    in_hand.let_go(deliveries[0])
    in_hand.take("run", deliveries[0], "way")
    assert (len(in_hand), in_hand.waiting) == (2, 2)


async def test_what_has_not_begun_is_handed_back() -> None:
    """What is in flight stays in hand."""
    queue = InMemorySubscription(immediate=True, quiet=1)
    in_hand, _ = filled(5, queue)
    await in_hand.hand_back()
    assert (len(in_hand), in_hand.waiting) == (1, 0)
    again = await queue.next(64)
    assert [delivery.message_id for delivery in again] == ["1", "2", "3", "4"]
