"""What a queue-worker takes ahead is bounded, however many ways there are by which it comes."""

import asyncio
from collections.abc import Sequence

import pytest

from faastraingym.events.delivery.fair_scheduling import LARGEST, MOST, MOST_BYTES
from faastraingym.events.topology.stack_file import Function
from tests.events.delivery.bench import FAST, Bench, Replica, queued, until, working
from tests.fakes import InMemoryDelivery, InMemorySubscription

NAME = "conclude-run"
WAYS = ("_commands", "_open", "_of_facts", "_starts")


class Distant(InMemorySubscription):
    """A broker that takes a moment, as they all do: several are asked meanwhile."""

    async def next(self, limit: int) -> Sequence[InMemoryDelivery]:
        if not self._ready:
            return await super().next(limit)
        self.asked = limit
        await asyncio.sleep(0.002)
        self.asked = 0
        return await super().next(limit)


def loaded(bench: Bench, ways: Sequence[str], count: int, data: bytes) -> list[Distant]:
    """As many deliveries as that by each of these ways; by the others none."""
    sources = []
    for way in WAYS:
        source = Distant(immediate=False, quiet=10.0)
        getattr(bench.bus, way)[NAME] = source
        for number in range(count if way in ways else 0):
            source.add(f"ftg.a.b.run-{number % 7}", data, f"{way}-{number}")
        sources.append(source)
    return sources


@pytest.mark.parametrize("ways", [WAYS[:1], WAYS[:2], WAYS[1:], WAYS], ids=len)
@pytest.mark.parametrize("size", [1, LARGEST // 2, LARGEST - 1000])
async def test_what_waits_is_bounded_by_whatever_ways_it_comes(
    ways: Sequence[str], size: int
) -> None:
    """By number and by bytes, what was asked for included; and the bound is made use of."""
    most = min(MOST, MOST_BYTES // max(size, 1))
    bench = Bench(Replica())
    bench.replica.gate.clear()
    sources = loaded(bench, ways, most // len(ways) + 100, queued("run") + b" " * size)
    function = Function(name=NAME, topics=("a.b",), starts=True, retry=FAST)
    seen = [0]

    def waiting() -> int:
        deliveries = [one for source in sources for one in source.delivered]
        seen.append(len(deliveries) - bench.replica.at_once)
        assert sum(len(one.data) for one in deliveries[1:]) <= MOST_BYTES + LARGEST
        return seen[-1]

    async with working(bench, function):
        least = min(MOST, MOST_BYTES // LARGEST) if size > 1 else MOST
        await until(lambda: waiting() >= least - len(WAYS))
        for _ in range(30):
            await asyncio.sleep(0.01)
            assert waiting() <= most
        bench.replica.gate.set()
    assert max(seen) <= most


async def test_what_was_asked_for_in_vain_does_not_keep_the_others_waiting() -> None:
    """Three ways by which nothing comes: all the rest of the room is the fourth's."""
    bench = Bench(Replica())
    (commands, *_) = loaded(bench, WAYS[:1], 500, queued("run"))
    async with working(bench, Function(name=NAME, topics=("a.b",), starts=True, retry=FAST)):
        await until(lambda: len(commands.acknowledged) == 500)
    assert [one.attempt for one in commands.delivered] == [1] * 500
