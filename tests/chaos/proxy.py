"""A TCP proxy whose connections can be cut."""

import asyncio
import socket
import struct
from collections.abc import Callable

CHUNK = 1 << 16
Address = tuple[str, int]


class Proxy:
    """Passes bytes on to `upstream`, which is asked at every connection: it may have moved."""

    def __init__(self, upstream: Callable[[], Address]) -> None:
        self._upstream = upstream
        self._writers: set[asyncio.StreamWriter] = set()
        self._cuts = 0  # under way

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._abort()

    @property
    def address(self) -> str:
        """As `host:port`."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    async def cut(self, seconds: float) -> int:
        """Break every connection and refuse new ones meanwhile; how many broke."""
        self._cuts += 1
        try:
            broken = self._abort()
            await asyncio.sleep(seconds)
        finally:
            self._cuts -= 1
        return broken

    def _abort(self) -> int:
        for writer in self._writers:
            _reset(writer)
        return len(self._writers) // 2  # a connection has two ends

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._cuts:
                raise ConnectionRefusedError
            far_reader, far_writer = await asyncio.open_connection(*self._upstream())
        except OSError:
            _reset(writer)
            return
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            self._writers -= ends


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends or breaks; then so does the other."""
    try:
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        _reset(writer)
    finally:
        writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Not a polite end: RST."""
    link = writer.get_extra_info("socket")
    if link is not None and link.fileno() >= 0:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
