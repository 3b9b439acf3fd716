"""How the measured function `ping` tells the benchmark when it was entered: one datagram each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec


class Arrival(NamedTuple):
    """One invocation as `ping` saw it; Unix times in ns."""

    run: str  # names the hop
    at_gateway: int
    at_replica: int
    entered: int  # signature verified, message decoded


def encode(arrival: Arrival) -> bytes:
    """The datagram."""
    return msgspec.msgpack.encode(arrival)


class Arrivals(asyncio.DatagramProtocol):
    """What has arrived, in order."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Arrival] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Keep one."""
        self.queue.put_nowait(msgspec.msgpack.decode(data, type=Arrival))

    async def next(self) -> Arrival:
        """The next one.

        Raises:
            TimeoutError: none came in 30 s.
        """
        return await asyncio.wait_for(self.queue.get(), 30.0)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Arrivals, str]]:
    """Arrivals, and the address (host:port) that they are to be sent to."""
    loop = asyncio.get_running_loop()
    transport, arrivals = await loop.create_datagram_endpoint(Arrivals, ("127.0.0.1", 0))
    host, port = transport.get_extra_info("sockname")
    try:
        yield arrivals, f"{host}:{port}"
    finally:
        transport.close()
