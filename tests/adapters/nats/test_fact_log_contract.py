"""The FactLog port: one suite for the fake and for NatsFactLog on a real nats-server."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import FactLog, Recorded
from faastraingym.schemas.messages import RolloutCompleted, RunRequested
from tests.adapters.facts import cost, new_run, requested, rollout, stopped
from tests.fakes import InMemoryFactLog
from tests.servers import LOGIN, NatsServer


@pytest.fixture(params=["fake", "nats"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[FactLog]:
    if request.param == "fake":
        yield InMemoryFactLog()
        return
    server: NatsServer = request.getfixturevalue("nats_server")
    broker = await connect(server.url, LOGIN)
    await ensure_streams(broker)
    yield NatsFactLog(broker)
    await broker.close()


async def take(following: AsyncIterator[Recorded], count: int) -> list[Recorded]:
    async with asyncio.timeout(20):
        return [await anext(following) for _ in range(count)]


async def test_a_fact_is_said_once(log: FactLog) -> None:
    """The second time it is refused, even with other content, and the first content stays."""
    run = new_run()
    assert await log.publish_once(requested(run))
    assert not await log.publish_once(RunRequested(run=run, spec={"seed": 2}))
    assert [r.fact for r in await log.read(*subjects.of_run(run))] == [requested(run)]


async def test_of_many_who_say_the_same_one_is_heard(log: FactLog) -> None:
    """Sixteen at once: one True."""
    run = new_run()
    received = await asyncio.gather(*(log.publish_once(rollout(run, 0, 0)) for _ in range(16)))
    assert sorted(received) == [False] * 15 + [True]


async def test_count_is_of_the_filter(log: FactLog) -> None:
    """Versions, runs and kinds are counted apart; nothing said counts 0."""
    run = new_run()
    assert await log.count(subjects.below(RolloutCompleted, run, 0)) == 0
    for version, index in [(0, 0), (0, 1), (1, 0), (10, 0)]:
        await log.publish_once(rollout(run, version, index))
    await log.publish_once(stopped(run))
    assert await log.count(subjects.below(RolloutCompleted, run, 0)) == 2
    assert await log.count(subjects.below(RolloutCompleted, run, 1)) == 1
    assert await log.count(subjects.below(RolloutCompleted, run)) == 4


async def test_read_gives_the_facts_in_the_order_of_the_log(log: FactLog) -> None:
    """By sequence over all filters, not filter by filter; each with the time of its saying."""
    run, began = new_run(), time.time()
    said = [rollout(run, 0, 1), stopped(run), rollout(run, 0, 0)]
    for fact in said:
        await log.publish_once(fact)
    found = await log.read(
        subjects.of(stopped(run)),
        subjects.below(RolloutCompleted, run, 0),
    )
    assert [r.fact for r in found] == said
    assert [r.sequence for r in found] == sorted(r.sequence for r in found)
    assert all(began - 5 < r.at < time.time() + 5 for r in found)


async def test_read_of_nothing_is_empty(log: FactLog) -> None:
    """A filter and a literal subject under which nothing was said."""
    assert await log.read(*subjects.of_run(new_run())) == []
    assert await log.read(subjects.of(stopped(new_run()))) == []


async def test_read_and_count_have_no_limit(log: FactLog) -> None:
    """1300 facts: more than one page of JetStream's."""
    run = new_run()
    await asyncio.gather(*(log.publish_once(rollout(run, 0, index)) for index in range(1300)))
    await log.publish_once(stopped(run))
    found = await log.read(subjects.below(RolloutCompleted, run), subjects.of(stopped(run)))
    assert {r.fact.trajectory.index for r in found[:-1]} == set(range(1300))
    assert found[-1].fact == stopped(run)
    assert [r.sequence for r in found] == sorted({r.sequence for r in found})
    assert await log.count(subjects.below(RolloutCompleted, run)) == 1300


async def test_follow_gives_the_old_and_then_the_new(log: FactLog) -> None:
    """What was said before, in order; then what is said while following."""
    run = new_run()
    await log.publish_once(requested(run))
    await log.publish_once(rollout(run, 0, 0))
    following = log.follow(*subjects.of_run(run))
    assert [r.fact for r in await take(following, 2)] == [requested(run), rollout(run, 0, 0)]
    nothing_yet = asyncio.ensure_future(take(following, 1))
    await log.publish_once(stopped(new_run()))
    await log.publish_once(stopped(run))
    assert [r.fact for r in await nothing_yet] == [stopped(run)]


async def test_usage_is_kept_as_often_as_it_is_metered(log: FactLog) -> None:
    """All of a run's invocations, none of another's."""
    run, other = new_run(), new_run()
    metered = [cost(run, "rollout", str(i)) for i in range(3)] + [cost(run, "evaluate", "3")]
    for usage in [*metered, cost(other, "rollout", "4")]:
        await log.meter(usage)
    async with asyncio.timeout(20):  # metering does not wait for the ack
        while len(await log.usage(run)) < len(metered):
            pass
    assert await log.usage(run) == metered
    assert await log.usage(new_run()) == []
    assert await log.usage(run, "evaluate") == metered[3:]


async def test_usage_can_be_asked_for_since_a_time(log: FactLog) -> None:
    """By the clock of who keeps it, which in these tests is this one."""
    run = new_run()
    await log.meter(cost(run, "rollout", "1"))
    async with asyncio.timeout(20):
        while not await log.usage(run):
            pass
    since = time.time()
    assert await log.usage(run, since=since) == []
    await log.meter(cost(run, "rollout", "2"))
    async with asyncio.timeout(20):
        while not await log.usage(run, "rollout", since):
            pass
    assert await log.usage(run, "rollout", since) == [cost(run, "rollout", "2")]
    assert await log.usage(run, "evaluate", since) == []
    assert len(await log.usage(run, since=since - 60.0)) == 2
