"""HTTP/1.1 to one server over persistent connections, only what function calls need (ADR 19).

No redirect is followed, no body decompressed. The caller sets a timeout, `asyncio.timeout(...)`: a
request that is given up also closes its connection.
"""

import asyncio
import re
import ssl
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from faastraingym.adapters.errors import Refused
from faastraingym.adapters.http.connection import Broken, Connection, Pieces, Reply, Sink

__all__ = ["Address", "Broken", "HttpClient", "Reply", "locate"]

CONNECT_SECONDS = 5.0
KEPT_SECONDS = 75.0  # a connection without work; servers of ours keep one longer
_TARGET = re.compile(r"[!-~]*")
_SAFE = "".join(map(chr, range(33, 127)))


class Address(NamedTuple):
    """A host's port, or a socket's `path`; with an `ip` the host is named but not resolved."""

    host: str = ""
    port: int = 0
    tls: ssl.SSLContext | None = None
    path: str = ""
    ip: str = ""

    @property
    def authority(self) -> str:
        """For the header Host."""
        if self.path:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def locate(url: str) -> tuple[Address, str]:
    """The server that an http or https URL names, and the target on it; Refused: it names none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Refused(f"{url!r:.200}: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise Refused(f"{url!r:.200} is no http or https URL")
    # Made now: SSL_CERT_FILE may be newer than any other context.
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    query = f"?{parts.query}" if parts.query else ""
    return Address(host, port or (443 if tls else 80), tls), parts.path + query


class HttpClient:
    """Requests to one address over as many connections as there are requests at once."""

    def __init__(self, address: Address, kept_seconds: float = KEPT_SECONDS) -> None:
        self._address = address
        self._kept_seconds = kept_seconds
        self._idle: list[Connection] = []  # the last used one comes last
        self._reaper: asyncio.TimerHandle | None = None
        self._closed = False
        self._host = f"Host: {address.authority}\r\n"

    async def __aenter__(self) -> "HttpClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def request(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | Pieces = b"",
        sink: Sink | None = None,
    ) -> Reply:
        """One exchange; Host and Content-Length are added; the answer's body goes to `sink`.

        Broken: no connection, or no whole answer. Refused: a line would end within the head.
        """
        head = self._head(method, target, headers, len(body))
        connection = self._kept() or await self._open()
        try:
            return await connection.exchange(head, body, method == "HEAD", sink)
        finally:
            self._release(connection)

    def close(self) -> None:
        """Close idle connections now, the others after their answer."""
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
        while self._idle:
            self._idle.pop().close()

    def _head(
        self, method: str, target: str, headers: Iterable[tuple[str, str]], size: int
    ) -> bytes:
        if not _TARGET.fullmatch(target):
            target = quote(target, _SAFE, errors="surrogateescape")
        lines = [f"{method} {target or '/'} HTTP/1.1\r\n{self._host}"]
        lines += [f"{name}: {value}\r\n" for name, value in headers]
        if size or method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {size}\r\n")
        head = "".join(lines)
        expected = len(lines) + 1
        if head.count("\n") != expected or head.count("\r") != expected or "\0" in head:
            raise Refused(f"{method} {target!r:.80}: a line's end within the request's head")
        return f"{head}\r\n".encode("utf-8", "surrogateescape")

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
        return None

    async def _open(self) -> Connection:
        if self._closed:
            raise Broken("this client is closed")
        host, port, tls, path, ip = self._address
        loop = asyncio.get_running_loop()
        where = path or f"{host}:{port}"
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if path:
                    _, connection = await loop.create_unix_connection(Connection, path)
                else:
                    name = host if tls else None
                    _, connection = await loop.create_connection(
                        Connection, ip or host, port, ssl=tls, server_hostname=name
                    )
        except TimeoutError as error:
            raise Broken(f"{where}: no connection in {CONNECT_SECONDS:g} s") from error
        except (OSError, UnicodeError) as error:  # ssl.SSLError is an OSError
            raise Broken(f"{where}: {error}") from error
        return connection

    def _release(self, connection: Connection) -> None:
        if self._closed or not connection.reusable:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.since = loop.time()
        self._idle.append(connection)
        if self._reaper is None:
            self._reaper = loop.call_later(self._kept_seconds, self._reap)

    def _reap(self) -> None:
        self._reaper = None
        loop = asyncio.get_running_loop()
        until = loop.time() - self._kept_seconds
        while self._idle and self._idle[0].since <= until:
            self._idle.pop(0).close()
        if self._idle:
            self._reaper = loop.call_at(self._idle[0].since + self._kept_seconds, self._reap)
