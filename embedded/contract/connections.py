"""Connections to a server of ours: how many there may be, and how much one may hold."""

import asyncio
import os
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web

from faastraingym.embedded.contract.budget import DRAINING, RETRY_SECONDS, Budget

# Bytes that a connection may send without making a request or its body longer: heads, trailers,
# marks of chunks.
MOST_OVERHEAD = 64 << 10
# Bytes that the kernel is asked to keep for a connection; it takes twice as many. Left to itself it
# grows to megabytes: a thousand clients that do not read would fill the machine. What is received
# is also the most that one read brings, and a thousand may be read before any of it is looked at.
# With half of what is sent, the other side's delayed acknowledgements make loopback crawl.
RECEIVED, SENT = 32 << 10, 128 << 10
Factory = Callable[[], asyncio.Protocol]


class Connection(web.RequestHandler):
    """aiohttp's, but closes when a client sends no request or reads no answer."""

    def __init__(self, manager: web.Server, budget: Budget, seconds: float, **options: Any) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(manager, loop=loop, keepalive_timeout=seconds, **options)
        self._budget, self._seconds = budget, seconds
        budget.enter(self)
        self._overhead = self._seen = 0
        self._payload: Any = None
        self._refused = False
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Notified of every byte that the client leaves unread."""
        cast(asyncio.Transport, transport).set_write_buffer_limits(0)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._budget.leave(self)
        self._read()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        requests = self._request_count
        super().data_received(data)
        if self._request_count != requests and self._messages:
            self._payload, self._seen, self._overhead = self._messages[-1][1], 0, 0
        seen = self._payload.total_bytes if self._payload else 0
        if seen != self._seen or self._reading_paused or self._buffer_paused:
            self._seen, self._overhead = seen, 0
            return
        self._overhead += len(data)
        if self._overhead > MOST_OVERHEAD and self.transport is not None:
            self.transport.write(plain(400, f"More than {MOST_OVERHEAD} bytes are no body."))
            self.force_close()

    def abort(self) -> None:
        """Close now; a client that waits for an answer gets none."""
        if self.transport is not None:
            self.transport.abort()

    def refuse(self) -> None:
        """The rest of a body is thrown away; of too many at once, not even read."""
        if len(self._budget.draining) < DRAINING:
            self._budget.draining.add(self)
        elif self.transport is not None:
            self._refused = True
            self.transport.pause_reading()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Resume, unless the rest of a refused body would come."""
        if not self._refused:
            super().resume_reading(resume_parser)

    def pause_writing(self) -> None:
        super().pause_writing()
        transport = self.transport
        if transport is not None:
            self._unread = self._loop.call_later(self._seconds, transport.abort)

    def resume_writing(self) -> None:
        self._read()
        super().resume_writing()

    def _read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def acceptor(make: Factory, budget: Budget) -> Factory:
    """Makes the protocol of each new connection; one too many is answered 503, and closed."""

    def accept() -> asyncio.Protocol:
        if budget.has_place():
            return make()
        return _Refusal(str(budget.refused("connections", "Too many connections are open.")))

    return accept


class _Refusal(asyncio.Protocol):
    def __init__(self, text: str) -> None:
        self._text = text

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        there = cast(asyncio.Transport, transport)
        there.write(plain(503, self._text, f"Retry-After: {RETRY_SECONDS}\r\n"))
        there.close()


def plain(status: int, text: str, headers: str = "") -> bytes:
    """An answer after which the connection is closed."""
    reason = HTTPStatus(status).phrase
    body = f"{text}\n".encode()
    head = f"HTTP/1.1 {status} {reason}\r\n{headers}Content-Type: text/plain; charset=utf-8\r\n"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def bound_buffers(server: asyncio.Server) -> None:
    """Bound the kernel's buffers of each connection that a server accepts."""
    for listener in server.sockets:
        with socket.socket(fileno=os.dup(listener.fileno())) as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT)
