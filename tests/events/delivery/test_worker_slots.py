"""The queue-worker on an in-memory bus: what is in flight, what waits, and what is handed back."""

import asyncio

from faastraingym.events.delivery.fair_scheduling import LARGEST, MOST, MOST_BYTES
from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.worker import AHEAD_SECONDS
from faastraingym.events.topology.stack_file import Function, RetryPolicy
from faastraingym.schemas.messages import StopRequested, encode
from tests.events.delivery.bench import FAST, HEARS, ONE, Bench, Replica, queued, until, working


async def test_no_more_in_flight_than_the_function_takes() -> None:
    """Two slots: of five facts two are in flight, and the others wait their turn."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    async with working(bench):
        for i in range(5):
            await bench.facts.publish_once(StopRequested(run=f"demo-{i}"))
        await until(lambda: bench.replica.at_once == 2)
        bench.replica.gate.set()
        await until(lambda: len(bench.acknowledged) == 5)
    assert bench.replica.most_at_once == 2


async def test_a_poisoned_message_holds_up_nobody() -> None:
    """While one run's message waits for its retry, the other's is served: one slot is enough."""
    function = Function(
        name="conclude-run",
        topics=("run.stop-requested",),
        retry=RetryPolicy(attempts=3, min_wait=60, max_wait=60),
    )
    bench = Bench(Replica(Answer(500)))
    async with working(bench, function):
        await bench.facts.publish_once(StopRequested(run="poisoned"))
        await until(lambda: bench.replica.requests)
        await bench.facts.publish_once(StopRequested(run="healthy"))
        await until(lambda: bench.acknowledged)
    assert bench.replica.requests[-1].body == encode(StopRequested(run="healthy"))


async def test_cancelling_finishes_what_is_in_hand() -> None:
    """SIGTERM drains: the delivery in flight is answered and settled before the worker returns."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    task = asyncio.create_task(bench.worker(HEARS).run())
    await bench.facts.publish_once(StopRequested(run="demo"))
    await until(lambda: bench.replica.at_once == 1)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    bench.replica.gate.set()
    async with asyncio.timeout(5):
        await asyncio.gather(task, return_exceptions=True)
    assert len(bench.acknowledged) == 1


async def test_a_small_run_does_not_wait_for_a_large_one() -> None:
    """300 commands of one run are queued, then 3 of another: these take every second turn."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    async with working(bench, ONE) as worker:
        for index in range(300):
            await bench.bus.enqueue("conclude-run", queued("large", index), f"large-{index}")
        await until(lambda: bench.taken == 300)
        for index in range(3):
            await bench.bus.enqueue("conclude-run", queued("small", index), f"small-{index}")
        await until(lambda: bench.taken == 303)
        bench.replica.gate.set()
        await until(lambda: len(bench.acknowledged) == 303)
        assert not worker.done()
    order = [request.call_id.split("-")[0] for request in bench.replica.requests]
    last = max(turn for turn, run in enumerate(order) if run == "small")
    assert (order.count("small"), last) == (3, 6)


async def test_no_more_is_taken_than_may_wait() -> None:
    """One slot, a replica that stands still: the rest stays in the broker, for other workers."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    async with working(bench, ONE):
        for index in range(MOST + 100):
            await bench.bus.enqueue("conclude-run", queued("large", index), f"large-{index}")
        await until(lambda: bench.taken >= MOST)
        for _ in range(3):
            await asyncio.sleep(AHEAD_SECONDS)
        assert bench.taken == MOST  # one is in flight; one may yet come by the other way
        bench.replica.gate.set()
        await until(lambda: len(bench.acknowledged) == MOST + 100)


async def test_what_waits_is_bounded_by_its_bytes_too() -> None:
    """More slots than large messages that may wait: the worker stops asking, and goes on later."""
    wide = Function(name="conclude-run", max_inflight=100, retry=FAST)
    bench = Bench(Replica())
    bench.replica.gate.clear()
    async with working(bench, wide):
        for index in range(300):
            large = queued(f"large-{index}") + b" " * LARGEST  # of a run of its own
            await bench.bus.enqueue("conclude-run", large, f"large-{index}")
        await until(lambda: bench.replica.at_once == 100 and bench.taken > 100)
        for _ in range(3):
            await asyncio.sleep(AHEAD_SECONDS)
        assert bench.taken - 100 <= MOST_BYTES // LARGEST
        bench.replica.gate.set()
        await until(lambda: len(bench.acknowledged) == 300)


async def test_cancelling_hands_back_what_has_not_begun() -> None:
    """The next worker has it at once, not after the ack wait; nothing is delivered twice."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    task = asyncio.create_task(bench.worker(ONE).run())
    for index in range(5):
        await bench.bus.enqueue("conclude-run", queued("demo", index), f"demo-{index}")
    await until(lambda: bench.taken == 5)
    task.cancel()
    await until(lambda: bench.bus.commands("conclude-run").untaken == 4)
    bench.replica.gate.set()
    async with asyncio.timeout(5):
        await asyncio.gather(task, return_exceptions=True)
    assert len(bench.acknowledged) == 1
    async with working(bench, ONE):
        await until(lambda: len(bench.acknowledged) == 5)
    assert len({request.call_id for request in bench.replica.requests}) == 5
    assert len(bench.replica.requests) == 5


async def test_what_comes_again_while_it_is_in_hand_is_not_delivered_twice() -> None:
    """After a pause of more than the ack wait the broker sends everything again."""
    bench = Bench(Replica())
    bench.replica.gate.clear()
    async with working(bench, ONE):
        for index in range(2):
            await bench.bus.enqueue("conclude-run", queued("demo", index), f"demo-{index}")
        await until(lambda: bench.taken == 2)
        for index in range(2):
            again = queued("demo", index)
            bench.bus.commands("conclude-run").add("ftg-async", again, f"demo-{index}", 2)
        await until(lambda: bench.taken == 4)
        bench.replica.gate.set()
        await until(lambda: len(bench.acknowledged) == 2)
        bench.bus.commands("conclude-run").add("ftg-async", queued("demo", 1), "demo-1", 3)
        await until(lambda: len(bench.acknowledged) == 3)
    assert bench.acknowledged == ["demo-0", "demo-1", "demo-1"]
    assert [request.call_id for request in bench.replica.requests] == bench.acknowledged
