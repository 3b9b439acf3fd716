"""What NatsBus does beyond the port's contract."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from adapters.broker import connect
from adapters.errors import SettingsError
from adapters.jetstream import ApiError, Broker
from adapters.nats_bus import NatsBus
from adapters.nats_pull import Position, position
from adapters.nats_streams import configuration, ensure_streams
from events.streams import DEAD, FACTS, STREAMS, USAGE
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
    """What changed in events/streams.py reaches a broker that has the old definition."""
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


async def test_the_log_cannot_be_purged(broker: Broker) -> None:
    """The log is the state."""
    with pytest.raises(ApiError, match="purge"):
        await broker.api(f"STREAM.PURGE.{FACTS.name}")


async def test_an_impossible_number_of_replicas_is_refused(broker: Broker) -> None:
    """The sentence names the variable and what is allowed."""
    with pytest.raises(SettingsError, match="FTG_NATS_REPLICAS is '2'; write 1, 3 or 5"):
        await ensure_streams(broker, {"FTG_NATS_REPLICAS": "2"})


async def test_a_dead_letter_is_kept(broker: Broker) -> None:
    """It lies in its stream when bury returns."""
    await NatsBus(broker).bury("f", b"record")
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
