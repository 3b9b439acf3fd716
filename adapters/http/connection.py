"""One connection of the HTTP/1.1 client: a request, its answer, then the next request."""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from faastraingym.adapters.errors import Unavailable

MOST_OVERHEAD = 1 << 20  # bytes of an answer that are not its body: heads, marks of chunks

Headers = list[tuple[str, str]]


class Broken(Unavailable):
    """No connection, or it ended or spoke no HTTP before the answer was whole."""


class CutOff(Broken):
    """The answer's head came, and the connection ended in its body."""


class Pieces(Protocol):
    """A body that is not in memory; it can be read again."""

    def __len__(self) -> int:
        """Its bytes."""

    def pieces(self) -> Iterator[bytes]:
        """From its beginning."""


class Sink(Protocol):
    """Takes the body of an answer as it arrives."""

    def take(self, piece: bytes) -> "asyncio.Future[None] | bool":
        """Whether it wants more; a future: when it can do with more."""


class Reply(NamedTuple):
    """An answer; headers in order, with repeated ones, bytes that are no UTF-8 as surrogates."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """The first header of this name (lower case); empty when there is none."""
        return next((value for known, value in self.headers if known.lower() == name), "")


class Connection(asyncio.Protocol):
    """Carries one request at a time; `reusable` says whether it can carry another."""

    def __init__(self) -> None:
        self.since = 0.0  # idle since then: the event loop's time
        self.reusable = False
        self._transport: asyncio.Transport
        self._parser = HttpResponseParser(self)
        self._answer: asyncio.Future[Reply] | None = None
        self._bodiless = False
        self._overhead = 0
        self._sink: Sink | None = None
        self._sending = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._begin()

    async def exchange(
        self, request: bytes, body: bytes | Pieces, bodiless: bool, sink: Sink | None = None
    ) -> Reply:
        """The answer to a request, `bodiless` to a HEAD; its body goes to `sink`, if there is one.

        Broken: the connection ended, or the bytes received are no answer.
        """
        if self._transport.is_closing():
            raise Broken("the connection was closed")
        self.reusable, self._bodiless, self._overhead, self._sink = False, bodiless, 0, sink
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._answer = answer
        if isinstance(body, bytes):
            # Small ones in one segment: the other side then reads once.
            self._transport.write(request + body)
        else:
            await self._send(request, body, answer)
        return await answer

    def close(self) -> None:
        """Let go at once."""
        self._transport.abort()

    def pause_writing(self) -> None:
        """The server does not read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """A part of an answer; without a request it is none."""
        if self._answer is None:
            self._fail("it spoke without being asked")
            return
        self._overhead += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._fail(f"it speaks no HTTP: {error}")
            return
        if self._overhead > MOST_OVERHEAD:
            self._fail(f"more than {MOST_OVERHEAD} bytes of its answer are no body")

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing more will come, which ends a body that has no other end."""
        names = {name.lower() for name, _ in self._headers}
        if self._headed and error is None and not names & {"content-length", "transfer-encoding"}:
            self._finish(reusable=False)
        self._fail(str(error or "the connection was closed before the answer was whole"))

    def on_message_begin(self) -> None:
        """An answer begins; one too many spoils the connection."""
        if self._answer is None:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; a trailer is dropped."""
        if not self._headed:
            self._headers.append((_text(name), _text(value)))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._headed = True
        if self._bodiless:  # Content-Length is that of the GET's body
            self._finish(reusable=False)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._overhead -= len(body)
        if self._sink is None:
            self._body.append(body)
        elif isinstance(taken := self._sink.take(body), asyncio.Future):
            self._transport.pause_reading()
            taken.add_done_callback(self._kept)
        elif not taken:
            self._fail("nobody wants the rest of its answer")

    def on_message_complete(self) -> None:
        """An answer is whole; 100 to 199 come before the answer itself."""
        if self._parser.get_status_code() < 200:
            self._begin()
        else:
            self._finish(reusable=self._parser.should_keep_alive())

    def _kept(self, keeping: "asyncio.Future[None]") -> None:
        """Read on; the code that takes the answer checks whether it failed."""
        if not keeping.cancelled():
            keeping.exception()
        if not self._transport.is_closing():
            self._transport.resume_reading()

    async def _send(self, request: bytes, body: Pieces, answer: "asyncio.Future[Reply]") -> None:
        """As fast as the server reads; an answer that comes before the end is the answer."""
        self._sending = True
        self._transport.write(request)
        for piece in body.pieces():
            await self._writable.wait()
            if answer.done():
                return
            self._transport.write(piece)
        self._sending = False

    def _begin(self) -> None:
        self._headers: Headers = []
        self._body: list[bytes] = []
        self._headed = False

    def _finish(self, reusable: bool) -> None:
        answer, self._answer = self._answer, None
        if answer is None or answer.done():
            return
        sent = not self._sending and not self._transport.get_write_buffer_size()
        self.resume_writing()
        self.reusable = reusable and sent and not self._transport.is_closing()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        answer.set_result(Reply(self._parser.get_status_code(), self._headers, body))
        self._begin()

    def _fail(self, why: str) -> None:
        self.reusable = False
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(CutOff(why) if self._headed else Broken(why))
        self.resume_writing()
        self._transport.abort()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
