"""The Bus port: one suite for the fake and for NatsBus on a real nats-server."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import NamedTuple

import pytest

from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.adapters.stage import current
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Bus, Delivery, FactLog, QueueFull, Subscription
from faastraingym.events.telemetry import tracing
from faastraingym.events.telemetry.tracing import of_run
from faastraingym.events.topology.streams import OPEN
from faastraingym.schemas.messages import decode
from tests.adapters.facts import new_run, requested, rollout, stopped
from tests.fakes import InMemoryBus, InMemoryFactLog
from tests.servers import LOGIN, NatsServer


class World(NamedTuple):
    facts: FactLog
    bus: Bus


@pytest.fixture(params=["fake", "nats"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "fake":
        facts = InMemoryFactLog()
        bus = InMemoryBus(facts)
        yield World(facts, bus)
        await bus.close()
        return
    server: NatsServer = request.getfixturevalue("nats_server")
    broker = await connect(server.url, LOGIN)
    await ensure_streams(broker)
    yield World(NatsFactLog(broker), NatsBus(broker))
    await broker.close()


def new_function() -> str:
    return f"f-{uuid.uuid4().hex[:12]}"


def new_id() -> str:
    return str(uuid.uuid4())


async def take(subscription: Subscription, count: int, limit: int = 8) -> list[Delivery]:
    taken: list[Delivery] = []
    async with asyncio.timeout(20):
        while len(taken) < count:
            taken += await subscription.next(limit)
    return taken


def data(deliveries: Sequence[Delivery]) -> list[bytes]:
    return [delivery.data for delivery in deliveries]


async def test_commands_come_in_order_and_at_most_so_many(world: World) -> None:
    """Three are queued, two are asked for: two, then one."""
    function = new_function()
    commands = await world.bus.commands_for(function)
    for name in (b"a", b"b", b"c"):
        await world.bus.enqueue(function, name, new_id())
    assert data(await commands.next(2)) == [b"a", b"b"]
    assert data(await commands.next(2)) == [b"c"]


async def test_what_nobody_vouches_for_waits_apart_and_within_a_quota(world: World) -> None:
    """Of one function no more than its quota; another one has its own, and so has who is known."""
    flooded, other = new_function(), new_function()
    for _ in range(OPEN.max_per_subject):
        await world.bus.enqueue_open(flooded, b"flood", new_id())
    with pytest.raises(QueueFull):
        await world.bus.enqueue_open(flooded, b"one more", new_id())
    await world.bus.enqueue_open(other, b"anybody's", new_id())
    await world.bus.enqueue(flooded, b"ours", new_id())
    assert data(await take(await world.bus.open_for(other), 1)) == [b"anybody's"]
    assert data(await take(await world.bus.commands_for(flooded), 1)) == [b"ours"]
    floods = await world.bus.open_for(flooded)
    for delivery in await take(floods, OPEN.max_per_subject, 64):
        assert delivery.subject == subjects.of_open_command(flooded)
        await delivery.ack()
    async with asyncio.timeout(20):
        while True:
            with suppress(QueueFull):  # settling does not wait
                await world.bus.enqueue_open(flooded, b"room again", new_id())
                break
    assert data(await take(floods, 1)) == [b"room again"]


async def test_a_message_that_comes_later_wakes_the_waiting(world: World) -> None:
    """One is enough; nobody waits for the batch to fill."""
    function = new_function()
    commands = await world.bus.commands_for(function)
    waiting = asyncio.ensure_future(commands.next(8))
    await asyncio.sleep(0.05)
    await world.bus.enqueue(function, b"late", new_id())
    async with asyncio.timeout(20):
        (delivery,) = await waiting
    assert delivery.data == b"late"
    assert (delivery.subject.split(".")[1], delivery.attempt) == (function, 1)


async def test_a_repeated_message_id_is_dropped(world: World) -> None:
    """The same call comes once, whatever its body."""
    function, repeated = new_function(), new_id()
    for body in (b"first", b"again"):
        await world.bus.enqueue(function, body, repeated)
    await world.bus.enqueue(function, b"other", new_id())
    commands = await world.bus.commands_for(function)
    assert data(await take(commands, 2)) == [b"first", b"other"]


async def test_a_piece_of_work_has_one_command_at_a_time(world: World) -> None:
    """While it waits, is in flight, is tried again: further ones are not added; then they are."""
    function, other = new_function(), new_function()
    commands = await world.bus.commands_for(function)

    async def issue(name: bytes, piece: str = "piece", to: str = function) -> bool:
        return await world.bus.enqueue(to, name, new_id(), piece)

    assert await issue(b"first")
    assert not await issue(b"while it waits")
    assert await issue(b"other work", "other")
    assert await issue(b"another function's", to=other)
    first, others = await take(commands, 2)
    assert not await issue(b"in flight")
    await others.ack()
    await first.retry(0.3)
    assert not await issue(b"to be tried again")
    (again,) = await take(commands, 1)
    assert (again.data, again.attempt) == (b"first", 2)
    assert not await issue(b"in flight again")
    await again.ack()
    async with asyncio.timeout(20):
        while not await issue(b"next"):  # settling does not wait
            pass
    assert data(await take(commands, 1)) == [b"next"]


async def test_a_repeated_message_id_is_dropped_when_its_work_is_done_too(world: World) -> None:
    """A sender that was interrupted sends everything again; what is done is not done twice."""
    function, repeated = new_function(), new_id()
    commands = await world.bus.commands_for(function)
    await world.bus.enqueue(function, b"first", repeated, "piece")
    (first,) = await take(commands, 1)
    await first.ack()
    async with asyncio.timeout(20):
        while not await world.bus.enqueue(function, b"first", repeated, "piece"):
            pass
    await world.bus.enqueue(function, b"other", new_id(), "piece")
    assert data(await take(commands, 1)) == [b"other"]


async def test_a_retried_message_comes_again_and_blocks_nobody(world: World) -> None:
    """Others pass it meanwhile; its attempt is counted; acknowledged, it stays away."""
    function = new_function()
    commands = await world.bus.commands_for(function)
    await world.bus.enqueue(function, b"poison", new_id())
    (poison,) = await take(commands, 1)
    await poison.retry(0.3)
    await world.bus.enqueue(function, b"fine", new_id())
    (fine,) = await take(commands, 1)
    await fine.ack()
    (again,) = await take(commands, 1)
    assert (fine.data, again.data) == (b"fine", b"poison")
    assert (again.attempt, again.message_id) == (2, poison.message_id)
    await again.extend()
    await again.ack()
    await world.bus.enqueue(function, b"last", new_id())
    assert data(await take(commands, 1)) == [b"last"]


async def test_a_subscription_is_shared(world: World) -> None:
    """Two workers of one function: each message goes to one of them."""
    function = new_function()
    one, two = await world.bus.commands_for(function), await world.bus.commands_for(function)
    for i in range(4):
        await world.bus.enqueue(function, b"%d" % i, new_id())
    assert sorted(data(await take(one, 2, 2) + await take(two, 2, 2))) == [b"0", b"1", b"2", b"3"]


async def test_facts_go_to_every_function_that_hears_their_topic(world: World) -> None:
    """Said before or after it subscribed; other topics do not come."""
    run, one, two = new_run(), new_function(), new_function()
    await world.facts.publish_once(requested(run))
    hears_all = await world.bus.facts_for(one, ["run.requested", "run.stop-requested"])
    hears_stop = await world.bus.facts_for(two, ["run.stop-requested"])
    await world.facts.publish_once(rollout(run, 0, 0))
    await world.facts.publish_once(stopped(run))

    async def of_run(subscription: Subscription, count: int) -> list[Delivery]:
        found: list[Delivery] = []
        async with asyncio.timeout(20):
            while len(found) < count:
                found += [d for d in await subscription.next(64) if decode(d.data).run == run]
        return found

    received = await of_run(hears_all, 2)
    assert [decode(d.data) for d in received] == [requested(run), stopped(run)]
    assert received[0].message_id != received[1].message_id
    assert [decode(d.data) for d in await of_run(hears_stop, 1)] == [stopped(run)]


async def test_a_topic_that_is_added_is_heard(world: World) -> None:
    """The subscription of a function follows its stack.yml."""
    run, function = new_run(), new_function()
    await world.bus.facts_for(function, ["run.failed"])
    both = await world.bus.facts_for(function, ["run.failed", "run.stop-requested"])
    await world.facts.publish_once(stopped(run))
    async with asyncio.timeout(20):
        while run not in [decode(d.data).run for d in await both.next(64)]:
            pass


async def test_a_fact_brings_the_span_that_said_it(world: World) -> None:
    """Outside of any, its run's own."""
    function, run = new_function(), new_run()
    received = await world.bus.facts_for(function, ["run.requested", "run.stop-requested"])
    here = current.begin("a call", str(of_run("another")))
    here.message = requested(run)
    await world.facts.publish_once(requested(run))
    current.leave()
    await world.facts.publish_once(stopped(run))
    brought = {}
    while len(brought) < 2:
        for delivery in await received.next(8):
            if subjects.run_of(delivery.subject) == run:
                brought[delivery.subject] = delivery.headers[tracing.HEADER]
            await delivery.ack()
    assert list(brought.values()) == [str(here.span), str(of_run(run))]


async def test_what_others_publish_comes_with_its_headers(world: World) -> None:
    """Each to one of those who subscribe, its subject as it was."""
    starts = await world.bus.starts_for("start-run")
    headers = {"ce-id": "7"}
    if isinstance(world.bus, NatsBus):
        await world.bus._broker.publish("ftg-start.a.b", b"{}", headers)
    else:
        world.bus._starts["start-run"].add("ftg-start.a.b", b"{}", "1", headers=headers)  # type: ignore[attr-defined]
    (taken,) = await take(starts, 1)
    assert (taken.subject, taken.data, taken.headers["ce-id"]) == ("ftg-start.a.b", b"{}", "7")
    await taken.ack()


async def test_a_delivery_says_when_its_message_was_queued_however_often_it_comes(
    world: World,
) -> None:
    """By the broker's clock, so that it can be told from a fact that was said before or after."""
    run, function = new_run(), new_function()
    commands = await world.bus.commands_for(function)
    await world.facts.publish_once(requested(run))
    await world.bus.enqueue(function, b"a", new_id())
    await world.facts.publish_once(stopped(run))
    (first,) = await take(commands, 1)
    await first.retry(0)
    (second,) = await take(commands, 1)
    assert first.queued_at == second.queued_at
    before, after = [record.at for record in await world.facts.read(*subjects.of_run(run))]
    assert before <= first.queued_at
    assert first.queued_at <= after + 0.001


async def test_a_fact_is_queued_when_it_is_said(world: World) -> None:
    """What is delivered of it is never older than what is read of it."""
    run, function = new_run(), new_function()
    received = await world.bus.facts_for(function, ["run.stop-requested"])
    await world.facts.publish_once(stopped(run))
    told = {d.data: d.queued_at for d in await take(received, 1) if decode(d.data).run == run}
    while not told:
        told = {d.data: d.queued_at for d in await take(received, 1) if decode(d.data).run == run}
    (said,) = [record.at for record in await world.facts.read(*subjects.of_run(run))]
    (queued_at,) = told.values()
    assert 0 <= queued_at - said < 0.001
