"""Servers that say what a test wants, and a client of each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from faastraingym.adapters.http.client import Address, HttpClient, Reply

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[HttpClient]:
    """A client of a server that does `talk` with every connection."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, HttpClient(Address("127.0.0.1", port)) as client:
        yield client


def saying(*pieces: bytes, closes: bool = True) -> Talk:
    """Answer a request with these pieces, one write each; then close, or wait for the next one."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if closes:
                return

    return talk


async def get(client: HttpClient) -> Reply:
    async with asyncio.timeout(20.0):
        return await client.request("GET", "/")
