"""The proxy: transparent until it is told to cut."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.chaos.proxy import Address, Proxy


@pytest.fixture
async def echo() -> AsyncIterator[Address]:
    """A server that sends back what it gets."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[:2]
    server.close()


async def _connect(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = proxy.address.split(":")
    return await asyncio.open_connection(host, int(port))


async def _asked(proxy: Proxy, said: bytes) -> bytes:
    reader, writer = await _connect(proxy)
    writer.write(said)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def test_bytes_pass_unchanged(echo: Address) -> None:
    said = bytes(range(256)) * 4096
    async with Proxy(lambda: echo) as proxy:
        reader, writer = await _connect(proxy)
        writer.write(said)
        assert await reader.readexactly(len(said)) == said
        writer.close()


async def test_a_cut_breaks_what_is_open_and_refuses_what_comes(echo: Address) -> None:
    async with Proxy(lambda: echo) as proxy:
        reader, writer = await _connect(proxy)
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        cut = asyncio.create_task(proxy.cut(0.5))
        with pytest.raises(OSError, match="reset"):
            await reader.read()
        with pytest.raises(OSError, match="reset"):
            await _asked(proxy, b"meanwhile")
        assert await cut == 1
        reader, writer = await _connect(proxy)
        writer.write(b"after")
        assert await reader.readexactly(5) == b"after"
        writer.close()


async def test_a_server_that_is_away_is_refused() -> None:
    def away() -> Address:
        raise ConnectionRefusedError

    async with Proxy(away) as proxy:
        with pytest.raises(OSError, match="reset"):
            await _asked(proxy, b"hello")
