"""One connection of the HTTP/1.1 client: a request, its answer, then the next request."""

import asyncio
from typing import NamedTuple, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from adapters.errors import Unavailable

MOST_OVERHEAD = 1 << 20  # bytes of an answer that are not its body: heads, marks of chunks

Headers = list[tuple[str, str]]


class Broken(Unavailable):
    """No connection, or it ended or spoke no HTTP before the answer was whole."""


class Reply(NamedTuple):
    """An answer; headers in order, repeated ones kept, bytes that are no UTF-8 as surrogates."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """The first header of this name (lower case); empty when there is none."""
        return next((value for known, value in self.headers if known.lower() == name), "")


class Connection(asyncio.Protocol):
    """Carries one request at a time; `reusable` says whether it can carry another."""

    def __init__(self, most_body: int | None = None) -> None:
        self._most_body = most_body  # bytes of an answer's body; none: whoever answers is ours
        self.since = 0.0  # idle since then: the event loop's time
        self.reusable = False
        self._transport: asyncio.Transport
        self._parser = HttpResponseParser(self)
        self._answer: asyncio.Future[Reply] | None = None
        self._bodiless = False
        self._overhead = 0
        self._begin()

    async def exchange(self, request: bytes, body: bytes, bodiless: bool) -> Reply:
        """Send a request's head and body; its answer, which is `bodiless` if HEAD was asked.

        Raises:
            Broken: the connection ended, or what came is no answer.
        """
        if self._transport.is_closing():
            raise Broken("the connection was closed")
        self.reusable, self._bodiless, self._overhead = False, bodiless, 0
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._answer = answer
        # Small ones in one segment: the other side then reads once.
        self._transport.write(request + body)
        return await answer

    def close(self) -> None:
        """Let go at once."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """A part of an answer; without a question it is none."""
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
        if self._headed and error is None and self._ends_with_connection():
            self._finish(reusable=False)
        self._fail(str(error or "the connection was closed before the answer was whole"))

    def on_message_begin(self) -> None:
        """An answer begins; one too many spoils the connection."""
        if self._answer is None:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody needs."""
        if not self._headed:
            self._headers.append((_text(name), _text(value)))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._headed = True
        if self._bodiless:  # what its length says is what GET would bring
            self._finish(reusable=False)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body.append(body)
        self._overhead -= len(body)
        self._size += len(body)
        if self._most_body is not None and self._size > self._most_body:
            self._fail(f"its answer is larger than {self._most_body} bytes")

    def on_message_complete(self) -> None:
        """An answer is whole; 100 to 199 come before the answer itself."""
        if self._parser.get_status_code() < 200:
            self._begin()
        else:
            self._finish(reusable=self._parser.should_keep_alive())

    def _begin(self) -> None:
        self._headers: Headers = []
        self._body: list[bytes] = []
        self._size = 0
        self._headed = False

    def _finish(self, reusable: bool) -> None:
        answer, self._answer = self._answer, None
        if answer is None or answer.done():
            return
        sent = not self._transport.get_write_buffer_size()
        self.reusable = reusable and sent and not self._transport.is_closing()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        answer.set_result(Reply(self._parser.get_status_code(), self._headers, body))
        self._begin()

    def _fail(self, why: str) -> None:
        self.reusable = False
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(Broken(why))
        self._transport.abort()

    def _ends_with_connection(self) -> bool:
        names = {name.lower() for name, _ in self._headers}
        return not names & {"content-length", "transfer-encoding"}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
