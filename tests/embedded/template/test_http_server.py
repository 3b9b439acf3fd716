"""The template's HTTP, byte by byte, on a process as of-watchdog starts it."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.embedded.template.test_index import _wait_ready, running

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Wire:
    """A connection of one's own."""

    def __init__(self, plug: socket.socket) -> None:
        self._plug = plug
        self._stream = plug.makefile("rb")

    def send(self, data: bytes) -> None:
        self._plug.sendall(data)

    def head(self) -> bytes:
        lines = []
        while (line := self._stream.readline()) not in (b"\r\n", b""):
            lines.append(line)
        return b"".join(lines)

    def answer(self) -> tuple[int, bytes]:
        head = self.head()
        length = re.search(rb"content-length: (\d+)", head)
        return int(head.split()[1]), self._stream.read(int(length[1])) if length else b""

    def rest(self) -> bytes:
        """What comes until the server closes."""
        return self._stream.read()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running("echo", request_seconds="2", max_body_bytes="1000") as (_, url):
        _wait_ready(url)
        yield int(url.rpartition(":")[2])


@contextmanager
def wire(port: int) -> Iterator[Wire]:
    with socket.create_connection(("127.0.0.1", port), timeout=20.0) as plug:
        yield Wire(plug)


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (POST, b"hi"),
        (CHUNKED + b"1;a=b\r\nh\r\n1\r\ni\r\n0\r\nX-Trailer: 1\r\n\r\n", b"hi"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    ],
)
def test_a_request_may_come_in_any_pieces(port: int, request_: bytes, body: bytes) -> None:
    """Whole, or byte by byte, on one connection."""
    with wire(port) as one:
        for pieces in ([request_], [bytes([byte]) for byte in request_], [request_]):
            for piece in pieces:
                one.send(piece)
            assert one.answer() == (200, body)


def test_the_path_is_among_the_headers_as_it_came(port: int) -> None:
    """With its query; nobody can write a header of that name."""
    with wire(port) as one:
        one.send(POST.replace(b" / ", b" /a%2Fb?c=d "))
        head = one.head()
        heard = json.loads(re.search(rb"x-heard: (.*)\r\n", head)[1])  # type: ignore[index]
        assert heard[":path"] == "/a%2Fb?c=d"
        assert heard[":method"] == "POST"
    with wire(port) as one:
        one.send(POST.replace(b"Host: x", b"Host: x\r\n:path: /forged"))
        assert one.answer()[0] == 400


def test_requests_that_come_together_are_answered_in_order(port: int) -> None:
    with wire(port) as one:
        one.send(b"".join(POST[:-2] + b"%02d" % n for n in range(50)))
        assert [one.answer()[1] for _ in range(50)] == [b"%02d" % n for n in range(50)]


def test_garbage_behind_a_request_does_not_cost_its_answer(port: int) -> None:
    with wire(port) as one:
        one.send(POST + b"\x00 garbage\r\n\r\n")
        assert one.answer() == (200, b"hi")
        assert one.rest() == b""


@pytest.mark.parametrize(
    ("request_", "kept"),
    [
        (POST, True),
        (POST.replace(b"Host", b"Connection: close\r\nHost"), False),
        (POST.replace(b"1.1", b"1.0"), False),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", False),
    ],
    ids=["plain", "close", "1.0", "upgrade"],
)
def test_who_is_told_that_the_connection_ends_finds_it_closed(
    port: int, request_: bytes, kept: bool
) -> None:
    with wire(port) as one:
        one.send(request_)
        head = one.head()
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert (b"connection: close" in head) is not kept
        assert kept or one.rest() in (b"", b"hi")


def test_a_body_that_the_parser_does_not_see_is_not_taken_for_none(port: int) -> None:
    with wire(port) as one:
        one.send(POST.replace(b"Host", b"Connection: upgrade\r\nUpgrade: h2c\r\nHost"))
        assert one.answer()[0] == 400
        assert one.rest() == b""


def test_a_client_that_asks_first_is_told_to_go_on(port: int) -> None:
    with wire(port) as one:
        one.send(POST[:-2].replace(b"Host", b"Expect: 100-continue\r\nHost"))
        assert one.head() == b"HTTP/1.1 100 Continue\r\n"
        one.send(b"hi")
        assert one.answer() == (200, b"hi")


def test_an_answer_without_a_body_says_no_more_than_its_head(port: int) -> None:
    with wire(port) as one:
        one.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"content-length: 0" in one.head()
        one.send(POST.replace(b"Host", b"X-Status: 204\r\nHost"))
        assert b"\r\ncontent-length" not in one.head()
        one.send(POST)
        assert one.answer() == (200, b"hi")


def test_a_body_over_the_limit_is_refused(port: int) -> None:
    with wire(port) as one:
        one.send(CHUNKED + b"3e9\r\n" + b"x" * 1001)
        assert one.answer() == (413, b"The body is larger than max_body_bytes=1000.\n")
        assert one.rest() == b""


@pytest.mark.parametrize("start", [POST[:10], POST[:-1], POST + POST[:-1]])
def test_a_request_that_is_not_there_in_time_is_refused(port: int, start: bytes) -> None:
    with wire(port) as one:
        one.send(start)
        if start.startswith(POST):
            assert one.answer() == (200, b"hi")
        assert one.answer()[0] == 400
        assert one.rest() == b""


def test_what_is_no_answer_is_500_and_its_reason_is_on_stderr() -> None:
    """And the connection goes on."""
    with running("defective") as (process, url):
        _wait_ready(url)
        with wire(int(url.rpartition(":")[2])) as one:
            for wish in (b"raise", b"line", b"letter", b"text", b"none"):
                size = b"Content-Length: %d" % len(wish)
                one.send(POST[:-2].replace(b"Content-Length: 2", size) + wish)
                assert one.answer() == (500, b"Internal Server Error\n")
        process.terminate()
        _, errors = process.communicate(timeout=10.0)
    for words in ("the defect", "line's end", "latin-1", "TypeError"):
        assert words in errors
