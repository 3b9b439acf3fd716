"""What outlives `kill -9` of nats-server and its restart on the same store."""

import asyncio
import shutil
import uuid

import pytest
import uvloop

from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.adapters.settings import Login
from faastraingym.events.pipeline import subjects
from faastraingym.schemas.messages import RolloutCompleted
from tests.adapters.facts import new_run, requested, rollout, stopped
from tests.servers import LOGIN, NatsServer


async def test_facts_and_followers_survive(mortal_nats_server: NatsServer) -> None:
    """No fact is lost, none is followed twice, and the connection mends itself."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    await ensure_streams(broker)
    log, run = NatsFactLog(broker), new_run()
    await log.publish_once(requested(run))
    following = log.follow(*subjects.of_run(run))
    seen = [(await anext(following)).fact]
    more = asyncio.ensure_future(anext(following))
    await asyncio.to_thread(mortal_nats_server.restart)
    assert await log.publish_once(rollout(run, 0, 0))
    assert not await log.publish_once(requested(run))
    async with asyncio.timeout(20):
        seen.append((await more).fact)
        await log.publish_once(stopped(run))
        seen.append((await anext(following)).fact)
    assert seen == [requested(run), rollout(run, 0, 0), stopped(run)]
    await broker.close()


async def test_nobody_waits_for_an_answer_that_died_with_the_server(
    mortal_nats_server: NatsServer,
) -> None:
    """A request ends with the connection that it was sent on, not by its time limit.

    Closing at that moment ends everything: nobody goes on reconnecting.
    """
    broker = await connect(mortal_nats_server.url, LOGIN)
    await broker.client.subscribe("unanswered")
    waiting = [
        asyncio.ensure_future(broker.request("unanswered")),
        asyncio.ensure_future(broker.batch("UNANSWERED", {})),
    ]
    await asyncio.sleep(0.1)
    mortal_nats_server.kill()
    for request in waiting:
        with pytest.raises(Unavailable, match="the connection broke"):
            await request
    await broker.close()
    while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


def test_closing_while_the_broker_is_away_lets_go_of_what_is_pending(
    mortal_nats_server: NatsServer,
) -> None:
    """A queue-worker or a replica that is told to stop then ends in good order."""

    async def leave() -> None:
        broker = await connect(mortal_nats_server.url, LOGIN)
        mortal_nats_server.kill()
        while broker.client.is_connected:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await broker.publish("pending", b"for nobody")
        await broker.close()

    uvloop.run(leave())  # as they do


async def test_deliveries_survive(mortal_nats_server: NatsServer) -> None:
    """A subscription that waits goes on; what was queued comes; what was acknowledged does not."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    await ensure_streams(broker)
    bus = NatsBus(broker)
    commands = await bus.commands_for("f")
    await bus.enqueue("f", b"done", str(uuid.uuid4()))
    (first,) = await commands.next(1)
    await first.ack()
    await bus.enqueue("g", b"kept", str(uuid.uuid4()))
    waiting = asyncio.ensure_future(commands.next(8))
    await asyncio.to_thread(mortal_nats_server.restart)
    await bus.enqueue("f", b"later", str(uuid.uuid4()))
    async with asyncio.timeout(20):
        arrived = await waiting
        while not arrived:
            arrived = await commands.next(8)
        kept = await (await bus.commands_for("g")).next(8)
    assert [d.data for d in arrived] == [b"later"]
    assert [d.data for d in kept] == [b"kept"]
    await broker.close()


async def test_an_emptied_broker_is_away_until_its_streams_are_made_again(
    mortal_nats_server: NatsServer,
) -> None:
    """Every question about facts says so; then followers hear from the beginning."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    await ensure_streams(broker)
    log, run = NatsFactLog(broker), new_run()
    for index in range(3):
        await log.publish_once(rollout(run, 0, index))
    following = log.follow(*subjects.of_run(run))
    for index in range(3):
        assert (await anext(following)).fact == rollout(run, 0, index)
    more = asyncio.ensure_future(anext(following))
    reconnected = asyncio.Event()
    broker.reconnected.add(reconnected.set)
    mortal_nats_server.kill()
    shutil.rmtree(mortal_nats_server.directory / "jetstream")
    mortal_nats_server.start()
    await reconnected.wait()
    for question in (
        lambda: log.publish_once(requested(run)),
        lambda: log.count(subjects.below(RolloutCompleted, run)),
        lambda: log.read(*subjects.of_run(run)),
        lambda: NatsBus(broker).commands_for("f"),
    ):
        with pytest.raises(Unavailable):
            await question()
    with pytest.raises(Unavailable):
        await more
    await ensure_streams(broker)
    assert await log.publish_once(rollout(run, 0, 0))
    again = log.follow(*subjects.of_run(run))
    assert (await anext(again)).fact == rollout(run, 0, 0)
    await broker.close()


async def test_a_broker_that_is_away_is_unavailable(mortal_nats_server: NatsServer) -> None:
    """Nothing hangs and nothing is swallowed: the caller is told to try again later."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    await ensure_streams(broker)
    log = NatsFactLog(broker)
    mortal_nats_server.kill()
    with pytest.raises(Unavailable, match=r"request ftg\.run\.requested"):
        await log.publish_once(requested(new_run()))
    await broker.close()


async def test_a_wrong_password_is_named(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says where, why and what to look at."""
    monkeypatch.setattr("faastraingym.adapters.nats.broker.CONNECT_SECONDS", 0.5)
    with pytest.raises(Unavailable, match=r"(?i)authorization.*secret ftg-nats-<role>"):
        await connect(nats_server.url, Login("tester", "wrong"))
