"""Commands on a real nats-server, as stages send them and the queue-worker finds them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.adapters.nats.jetstream import Broker, StreamFull
from faastraingym.adapters.nats.streams import configuration, ensure_streams
from faastraingym.adapters.stage import current
from faastraingym.adapters.stage.spans import keep
from faastraingym.adapters.stage.stage import SENT_AT_ONCE
from faastraingym.events.delivery.requests import from_queue
from faastraingym.events.gathering import each
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.telemetry.tracing import of_run
from faastraingym.events.topology.streams import ASYNC
from faastraingym.schemas.messages import WarmUp, encode
from tests.adapters.facts import new_run, stopped
from tests.adapters.nats.test_bus_contract import new_function, take
from tests.servers import LOGIN, NatsServer, free_ports


@pytest.fixture
async def broker(nats_server: NatsServer) -> AsyncIterator[Broker]:
    broker = await connect(nats_server.url, LOGIN)
    await ensure_streams(broker)
    yield broker
    await broker.close()


def warm(function: str, run: str = "", attempt: int = 0) -> Invocation:
    return Invocation(function, WarmUp(run=run or new_run()), attempt)


async def test_a_command_is_delivered_as_an_asynchronous_invocation(broker: Broker) -> None:
    """With call id, signature, trace and body; the time that it took is told as a command's."""
    function = new_function()
    command = warm(function)
    body, spans = encode(command.message), keep()
    here = current.begin("a call", str(of_run("another")))
    here.message = command.message
    assert await NatsBus(broker).invoke(command, body, "t=1,v1=0")
    current.leave()
    assert [kind for kind, _, _ in spans] == ["command"]
    (delivery,) = await take(await NatsBus(broker).commands_for(function), 1)
    request = from_queue(delivery.data)
    assert (request.method, request.path, request.body) == ("POST", "", body)
    assert request.headers == {
        "X-Call-Id": command.call_id,
        "X-Ftg-Signature": "t=1,v1=0",
        "Content-Type": "application/msgpack",
        "Traceparent": str(here.span),
    }


async def test_a_stall_issues_nothing_beside_what_waits(broker: Broker) -> None:
    """Ten deadlines, one command: of those that follow the first each is told that it waits."""
    function, run, queue = new_function(), new_run(), NatsBus(broker)
    issued = [await queue.invoke(warm(function, run, attempt), b"", "s") for attempt in range(10)]
    assert issued == [True] + [False] * 9
    commands = await NatsBus(broker).commands_for(function)
    assert len(await commands.next(64)) == 1


async def test_a_fan_out_is_queued(broker: Broker) -> None:
    """As many as the largest version has, as a stage sends them, each once."""
    function, queue = new_function(), NatsBus(broker)
    commands = [warm(function) for _ in range(800)]
    await each(lambda command: queue.invoke(command, b"", "s"), commands, SENT_AT_ONCE)
    waiting = await NatsBus(broker).commands_for(function)
    found = {from_queue(d.data).call_id for d in await take(waiting, 800, 1000)}
    assert found == {command.call_id for command in commands}


async def test_a_queue_that_is_full_is_unavailable_and_one_that_waits_is_not(
    mortal_nats_server: NatsServer,
) -> None:
    """503 of the stage: its message comes again when there is room."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    await broker.api(f"STREAM.CREATE.{ASYNC.name}", configuration(ASYNC._replace(max_bytes=5000)))
    queue, command = NatsBus(broker), warm("f", "r")
    assert await queue.invoke(command, bytes(3000), "s")
    with pytest.raises(StreamFull, match="maximum bytes exceeded"):
        await queue.invoke(warm("f"), bytes(3000), "s")
    info = msgspec.json.decode(await broker.api(f"STREAM.INFO.{ASYNC.name}"))
    assert info["state"]["messages"] == 1
    assert not await queue.invoke(command._replace(attempt=1), b"", "s")
    await broker.close()


@pytest.mark.parametrize("number", [10158, 10164])
async def test_what_a_cluster_is_just_writing_is_neither_queued_nor_refused(
    mortal_nats_server: NatsServer, number: int
) -> None:
    """Nobody knows yet whether the other one lands: the sender comes again. A fact's likewise."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    error = {"code": 400, "err_code": number, "description": "wrong last sequence"}

    async def answer(message: Any) -> None:
        await broker.client.publish(message.reply, msgspec.json.encode({"error": error}))

    await broker.client.subscribe("ftg-command.>", cb=answer)
    await broker.client.subscribe("ftg.>", cb=answer)
    with pytest.raises(Unavailable, match="wrong last sequence"):
        await NatsBus(broker).invoke(warm("f"), b"", "s")
    with pytest.raises(Unavailable, match="wrong last sequence"):
        await NatsFactLog(broker).publish_once(stopped("r"))
    await broker.close()


async def test_without_streams_or_without_a_broker_a_command_is_not_lost(
    mortal_nats_server: NatsServer,
) -> None:
    """The queue-worker makes the streams; a server that is away is waited for by the sender."""
    broker = await connect(mortal_nats_server.url, LOGIN)
    with pytest.raises(Unavailable):
        await NatsBus(broker).invoke(warm("f"), b"", "s")
    await broker.close()
    (port,) = free_ports(1)
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}"):
        async with asyncio.timeout(20):
            await connect(f"nats://127.0.0.1:{port}", LOGIN)
