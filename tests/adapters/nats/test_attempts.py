"""A server that takes a login and then says nothing more: the attempt ends, whole."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from nats.aio.client import Client

from faastraingym.adapters.errors import Unavailable
from faastraingym.adapters.nats import broker
from faastraingym.adapters.nats.broker import connect

INFO = (
    b'INFO {"server_id":"s","version":"2.12.0","proto":1,"headers":true,"max_payload":1048576}\r\n'
)
HALF = b"MSG half 1 20\r\nten bytes."  # half of a message


class Sometimes:
    """A server of NATS's protocol; its second connection is deaf once the login is taken."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self.ended: list[asyncio.Event] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, pings = len(self.writers), 0
        self.writers.append(writer)
        self.ended.append(asyncio.Event())
        writer.write(INFO)
        with suppress(ConnectionError):
            while line := await reader.readline():
                pings += line == b"PING\r\n"
                if line == b"PING\r\n" and (number != 1 or pings == 1):
                    writer.write(b"PONG\r\n")
                elif line == b"PING\r\n":
                    writer.write(HALF)
        self.ended[number].set()
        writer.close()


def loops() -> list[str]:
    """The client's loops that run: to read, to ping, to flush."""
    names = ("_read_loop", "_ping_interval", "_flusher")
    running = [task.get_coro().__qualname__.split(".")[-1] for task in asyncio.all_tasks()]
    return sorted(name for name in running if name in names)


async def test_an_attempt_that_fails_late_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """nats-py alone reads two connections into one parser then, and takes a PONG for payload."""
    server = Sometimes()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    url = f"nats://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    connected = await connect(url)
    monkeypatch.setattr(type(connected.client).flush, "__defaults__", (0.2,))
    server.writers[0].close()  # the second connection follows, and is deaf
    async with asyncio.timeout(20):
        while connected.client.stats["reconnects"] < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await connected.client.flush(2)
    assert loops() == ["_flusher", "_ping_interval", "_read_loop"]
    assert server.ended[1].is_set()
    assert "encountered error" not in caplog.text
    await connected.close()
    listening.close()


@pytest.mark.parametrize("answers", [False, True])
async def test_the_limit_of_connecting_holds_though_its_cancellation_is_lost(
    monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    """asyncio.wait_for of Python 3.11 can lose it, and nats-py awaits it in each attempt."""
    listening = await asyncio.start_server(Sometimes().serve, "127.0.0.1", 0)
    address = listening.sockets[0].getsockname()
    if not answers:
        listening.close()
    original = Client.connect

    async def losing(self: Client, *args: Any, **options: Any) -> None:
        trying = asyncio.ensure_future(original(self, *args, **options))
        with suppress(asyncio.CancelledError):
            await asyncio.shield(trying)
        await trying

    monkeypatch.setattr(broker, "CONNECT_SECONDS", 0.0)
    monkeypatch.setattr(Client, "connect", losing)
    async with asyncio.timeout(20):
        with pytest.raises(Unavailable, match=f"NATS at nats://127.0.0.1:{address[1]} cannot be"):
            await connect(f"nats://127.0.0.1:{address[1]}")
    listening.close()
