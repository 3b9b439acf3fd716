"""What NatsBus does beyond the port's contract."""

from collections.abc import AsyncIterator
from uuid import uuid4

import msgspec
import pytest

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.direct import Stored, read_all
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.adapters.nats.jetstream import ApiError, Broker, StreamFull
from faastraingym.adapters.nats.pull import Position, position
from faastraingym.adapters.nats.streams import configuration, ensure_streams
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Unavailable
from faastraingym.events.topology.stack_file import RetryPolicy
from faastraingym.events.topology.streams import (
    ASYNC,
    DEAD,
    FACTS,
    MIB,
    OPEN,
    STREAMS,
    USAGE,
    Stream,
)
from tests.adapters.facts import new_run, stopped
from tests.servers import LOGIN, NatsServer


@pytest.fixture
async def broker(nats_server: NatsServer) -> AsyncIterator[Broker]:
    broker = await connect(nats_server.url, LOGIN)
    await ensure_streams(broker, {})
    yield broker
    await broker.close()


async def config_of(broker: Broker, name: str) -> dict:
    return msgspec.json.decode(await broker.api(f"STREAM.INFO.{name}"))["config"]


async def test_the_streams_are_what_the_data_says(broker: Broker) -> None:
    """Every stream, also after a second call, which changes nothing."""
    await ensure_streams(broker, {})
    for stream in STREAMS:
        found, wanted = await config_of(broker, stream.name), configuration(stream)
        assert {key: found.get(key, type(value)()) for key, value in wanted.items()} == wanted


async def test_a_stream_that_differs_is_updated(broker: Broker) -> None:
    """What changed in events/topology/streams.py reaches a broker that has the old definition."""
    await broker.api(f"STREAM.UPDATE.{DEAD.name}", {**configuration(DEAD), "description": "old"})
    await ensure_streams(broker, {})
    assert (await config_of(broker, DEAD.name))["description"] == DEAD.description


async def test_a_stream_keeps_the_persistence_that_it_was_made_with(
    mortal_nats_server: NatsServer,
) -> None:
    """No server changes it: a stack that was made before goes on; so does one that grows."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    old = {**configuration(USAGE), "description": "old"}
    old.pop("persist_mode")
    await broker.api(f"STREAM.CREATE.{USAGE.name}", old)
    await ensure_streams(broker, {})
    found = await config_of(broker, USAGE.name)
    assert (found["description"], found.get("persist_mode")) == (USAGE.description, None)
    await broker.api(f"STREAM.DELETE.{USAGE.name}")
    await broker.api(f"STREAM.CREATE.{USAGE.name}", {**old, "persist_mode": "async"})
    for _ in range(2):
        await ensure_streams(broker, {})
    found = await config_of(broker, USAGE.name)
    assert (found["description"], found["persist_mode"]) == (USAGE.description, "async")
    await broker.close()


def test_only_what_an_invocation_cost_may_go_with_the_machine() -> None:
    """Everything else is on disk when it is acknowledged; copies are made of synced streams."""
    unsynced = {s.name for s in STREAMS if "persist_mode" in configuration(s)}
    assert unsynced == {USAGE.name}
    assert not any("persist_mode" in configuration(s, 3) for s in STREAMS)


async def test_no_single_fact_can_be_deleted(broker: Broker) -> None:
    """The log is the state; a whole run's go by a filter, which the roles allow the operator."""
    await NatsFactLog(broker).publish_once(stopped(new_run()))
    with pytest.raises(ApiError, match="delete"):
        await broker.api(f"STREAM.MSG.DELETE.{FACTS.name}", {"seq": 1})


async def test_an_impossible_number_of_replicas_is_refused(broker: Broker) -> None:
    """The sentence names the variable and what is allowed."""
    with pytest.raises(SettingsError, match="FTG_NATS_REPLICAS is '2'; write 1, 3 or 5"):
        await ensure_streams(broker, {"FTG_NATS_REPLICAS": "2"})


async def test_a_dead_letter_is_kept(broker: Broker) -> None:
    """It lies in its stream when bury returns."""
    await NatsBus(broker).give_up("f", b"record")
    state = msgspec.json.decode(await broker.api(f"STREAM.INFO.{DEAD.name}"))["state"]
    assert state["messages"] >= 1


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.FTG_ASYNC.cmd-f.3.70.9.1500000000.0",
        "$JS.ACK._.hash.FTG_ASYNC.cmd-f.3.70.9.1500000000.0.random",
    ],
)
def test_a_reply_subject_tells_the_position(reply: str) -> None:
    """Both forms that servers use."""
    assert position(reply) == Position(attempt=3, sequence=70, consumer_sequence=9, at=1.5)


def narrow(stream: Stream) -> Stream:
    """A stream of the same kind that is full soon."""
    return stream._replace(
        name=f"NARROW_{stream.name}", subjects=(f"narrow-{stream.name}.>",), max_bytes=30_000
    )


async def publish(broker: Broker, stream: Stream, count: int, size: int = 5000) -> None:
    for i in range(count):
        await broker.request(f"narrow-{stream.name}.{i}", bytes(size))


@pytest.mark.parametrize("stream", [FACTS, ASYNC, OPEN], ids=lambda s: s.name)
async def test_what_must_not_be_lost_is_refused_when_its_stream_is_full(
    mortal_nats_server: NatsServer, stream: Stream
) -> None:
    """Whoever sends it is told that it cannot be just now (a stage answers 503); the rest stays.

    That a fact was said is known all the same, and there is room again when messages leave.
    """
    broker = await connect(mortal_nats_server.url, LOGIN)
    small = narrow(stream)
    await broker.api(f"STREAM.CREATE.{small.name}", configuration(small))
    with pytest.raises(StreamFull, match="maximum bytes exceeded") as refused:
        await publish(broker, stream, 20)
    assert isinstance(refused.value, Unavailable)
    state = await state_of(broker, small.name)
    assert (state["messages"], state["first_seq"], state["bytes"] <= 30_000) == (5, 1, True)
    assert not await broker.publish_once(f"narrow-{stream.name}.0", b"", {})
    await broker.close()


@pytest.mark.parametrize("stream", [DEAD, USAGE], ids=lambda s: s.name)
async def test_what_is_for_reading_back_loses_its_oldest(
    mortal_nats_server: NatsServer, stream: Stream
) -> None:
    broker = await connect(mortal_nats_server.url, LOGIN)
    small = narrow(stream)
    await broker.api(f"STREAM.CREATE.{small.name}", configuration(small))
    await publish(broker, stream, 20)
    state = await state_of(broker, small.name)
    assert (state["last_seq"], state["bytes"] <= 30_000) == (20, True)
    assert 1 < state["messages"] < 7
    await broker.close()


async def test_a_flood_of_one_functions_letters_leaves_the_others(broker: Broker) -> None:
    """Nor do those that nobody signed take the place of those that somebody did."""
    bus, function = NatsBus(broker), f"flooded-{uuid4().hex}"
    await bus.give_up(function, b"ours")
    for _ in range(DEAD.max_per_subject + 5):
        await bus.give_up(function, b"strangers'", subjects.UNSIGNED)
    kept = {kind: len(await letters(broker, function, kind)) for kind in ("", subjects.UNSIGNED)}
    assert kept == {"": 1, subjects.UNSIGNED: DEAD.max_per_subject}


async def test_streams_of_before_are_bounded_and_lose_nothing(
    mortal_nats_server: NatsServer,
) -> None:
    """As an old home has them; a log that is larger than it may be says nothing new, and stays."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    for stream in (FACTS, ASYNC, DEAD, USAGE):
        old = {"discard": "old", "max_bytes": -1, "max_msgs_per_subject": -1, "max_age": 0}
        old |= {"discard_new_per_subject": False, "subjects": list(stream.subjects[:1])}
        old |= {"subjects": ["ftg-async.*"]} if stream is ASYNC else {}
        await broker.api(f"STREAM.CREATE.{stream.name}", {**configuration(stream), **old})
    for i in range(30):
        await broker.request(f"ftg.run.started.old-{i}", bytes(50_000))
    for i in range(3):
        await broker.request("ftg-async.rollout", b"waiting %d" % i)
    for _ in range(2):
        await ensure_streams(broker, {"FTG_FACTS_MAX_BYTES": str(MIB)})
    assert (await state_of(broker, FACTS.name))["messages"] == 30
    with pytest.raises(StreamFull):
        await broker.request("ftg.run.started.new", b"")
    assert (await state_of(broker, ASYNC.name))["messages"] == 3
    await broker.close()
    mortal_nats_server.restart()
    broker = await connect(mortal_nats_server.url, LOGIN)
    assert (await state_of(broker, FACTS.name))["messages"] == 30
    await ensure_streams(broker, {})
    await broker.request("ftg.run.started.new", b"")
    for stream in STREAMS:
        found, wanted = await config_of(broker, stream.name), configuration(stream)
        wanted.pop("persist_mode", None)
        assert {key: found.get(key, type(value)()) for key, value in wanted.items()} == wanted
    await broker.close()


async def test_what_an_old_release_queued_is_delivered_before_what_is_new(
    mortal_nats_server: NatsServer,
) -> None:
    """All of a function lay under one subject: its consumer takes both; a run goes on."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    old = {**configuration(ASYNC), "subjects": ["ftg-async.*", subjects.STARTS]}
    await broker.api(f"STREAM.CREATE.{ASYNC.name}", old)
    durable = {"durable_name": "cmd-f", "name": "cmd-f", "ack_policy": "explicit"}
    consumer = {**durable, "filter_subjects": ["ftg-async.f"], "ack_wait": 4_000_000_000}
    create = {"stream_name": ASYNC.name, "config": {**consumer, "max_deliver": -1}}
    await broker.api(f"CONSUMER.CREATE.{ASYNC.name}.cmd-f", create)
    for number in range(3):
        await broker.request("ftg-async.f", b"old %d" % number)
    await broker.publish("ftg-start.a", b"a start")
    await broker.publish("ftg-start.a", b"another with its name")
    await ensure_streams(broker, {})
    bus = NatsBus(broker)
    commands = await bus.commands_for("f")
    assert await bus.enqueue("f", b"new", "1", "piece")
    assert not await bus.enqueue("f", b"again", "2", "piece")
    taken = [*await commands.next(8)]
    assert [delivery.data for delivery in taken] == [b"old 0", b"old 1", b"old 2", b"new"]
    for delivery in taken:
        await delivery.ack()
    starts = await (await bus.starts_for("start-run")).next(8)
    assert [delivery.data for delivery in starts] == [b"a start", b"another with its name"]
    await broker.close()


def test_every_stream_has_a_maximum_of_bytes_and_all_but_facts_of_age() -> None:
    """A command waits for a server that is away for hours, and stays in the queue for longer."""
    assert all(stream.max_bytes > 0 for stream in STREAMS)
    assert [stream.name for stream in STREAMS if not stream.max_age_days] == [FACTS.name]
    policy = RetryPolicy()
    longest = policy.patience * policy.max_wait
    assert longest < ASYNC.max_age_days * 86_400


@pytest.mark.parametrize("text", ["8G", "-1", "1000", "1e9", "\u0664"])
async def test_a_size_that_is_none_is_refused(broker: Broker, text: str) -> None:
    with pytest.raises(SettingsError, match=r"FTG_FACTS_MAX_BYTES is .*; write bytes, 1048576 or"):
        await ensure_streams(broker, {"FTG_FACTS_MAX_BYTES": text})


async def test_a_broker_without_room_for_them_is_named(mortal_nats_server: NatsServer) -> None:
    """Streams reserve what they may hold: the sentence says what to raise and what to lower."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    with pytest.raises(SettingsError, match="raise its max_file_store, or write a smaller"):
        await ensure_streams(broker, {"FTG_FACTS_MAX_BYTES": str(1 << 50)})
    await broker.close()


async def state_of(broker: Broker, name: str) -> dict:
    return msgspec.json.decode(await broker.api(f"STREAM.INFO.{name}"))["state"]


async def letters(broker: Broker, function: str, kind: str) -> list[Stored]:
    return await read_all(broker, DEAD.name, subjects.of_dead_letter(function, kind))
