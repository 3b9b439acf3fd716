import asyncio

from benchmarks.functions.ping.arrivals import Arrival, Teller, listening


async def test_a_burst_of_arrivals_comes_whole_and_in_order() -> None:
    told = [Arrival("run", slot, slot, slot + 1, slot + 2) for slot in range(3000)]
    async with listening() as (arrivals, address):
        teller = await asyncio.to_thread(Teller, address)
        for arrival in told:
            teller.tell(arrival)
        assert [await arrivals.next() for _ in told] == told
        teller.close()
