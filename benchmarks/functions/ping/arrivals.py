"""How the measured function `ping` tells the benchmark that it was entered: over TCP.

A stream loses nothing, however many arrive at once.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgpack


class Arrival(NamedTuple):
    """One invocation as `ping` saw it; Unix times in ns."""

    run: str
    slot: int
    at_gateway: int
    at_replica: int
    entered: int  # signature verified, message decoded


class Teller:
    """The replica's end; connects when it first has something to tell."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def tell(self, arrival: Arrival) -> None:
        """Send one; waits when the benchmark is far behind."""
        self._socket.sendall(msgpack.packb(tuple(arrival)))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class Arrivals:
    """The benchmark's end: what has arrived, in order."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Arrival] = asyncio.Queue()

    async def next(self) -> Arrival:
        """The next one.

        Raises:
            TimeoutError: none came in 30 s.
        """
        return await asyncio.wait_for(self._queue.get(), 30.0)

    async def read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take what one replica tells until it goes."""
        unpacker = msgpack.Unpacker()
        while data := await reader.read(1 << 16):
            unpacker.feed(data)
            for told in unpacker:
                self._queue.put_nowait(Arrival(*told))
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Arrivals, str]]:
    """Arrivals, and the address (host:port) that they are to be sent to."""
    arrivals = Arrivals()
    server = await asyncio.start_server(arrivals.read, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield arrivals, f"{host}:{port}"
    finally:
        server.close()
