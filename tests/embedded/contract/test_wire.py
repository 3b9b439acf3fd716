"""Requests as they stand on the wire: however one is sent, the function gets what was written."""

import json
import re
import socket
from typing import NamedTuple

import pytest

from tests.embedded.contract.conftest import Served
from tests.embedded.contract.exchanges import PATIENCE

BODY = b"hello"
CHUNKED = b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailing: 1\r\n\r\n"
TARGETS = [
    b"/function/echo",
    b"/function/echo/",
    b"/function/echo/a/b",
    b"/function/echo?a=b&a=c",
    b"/function/echo/a%2Fb%2fc",
    b"/function/echo/%7Euser/~user",
    b"/function/echo/a//b",
    b"/function/echo/a/../b/./c",
    b"/function/echo/%2e%2e/secret",
    b"/function/echo/100%/%zz",
    b"/function/echo?q=%C3%A9+x%20y&r=%",
    b"/function/echo?b?c&d=/e/../f",
    b"/function/echo?q=http://host/path",
    b"/function/echo/a;b=c,d:e@f!$&'()*+",
    b'/function/echo/"<>[]^`{|}\\',
    b"/function/echo.openfaas-fn/below?x=1",
]

HOST = b"Host: faas.example.com\r\n"
LENGTH = b"Content-Length: 5\r\n"
FORMS = {
    "plain": (b"POST %s HTTP/1.1\r\n" + HOST + LENGTH + b"\r\n" + BODY, b""),
    "chunked": (b"POST %s HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", CHUNKED),
    "closing": (
        b"PUT %s HTTP/1.1\r\n" + HOST + LENGTH + b"Connection: close\r\n\r\n" + BODY,
        b"",
    ),
    "old": (b"POST %s HTTP/1.0\r\n" + HOST + LENGTH + b"\r\n" + BODY, b""),
    "in pieces": (b"PATCH %s HTTP/1.1\r\n" + HOST + LENGTH + b"\r\nhe", b"llo"),
    "absolute": (
        b"POST http://faas.example.com%s HTTP/1.1\r\n" + HOST + LENGTH + b"\r\n" + BODY,
        b"",
    ),
    "expecting": (
        b"POST %s HTTP/1.1\r\n" + HOST + LENGTH + b"Expect: 100-continue\r\n\r\n",
        BODY,
    ),
}


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    interim: bytes  # of 1xx

    @property
    def heard(self) -> dict[str, str]:
        """What the function was told."""
        return dict(json.loads(self.headers["x-heard"]))


def ask(port: int, request: bytes, rest: bytes = b"") -> Answer:
    """Send bytes; `rest` after the interim answer where one is expected."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        read = connection.makefile("rb")
        interim = b""
        if b"\r\nExpect:" in request:
            interim = read.readline() + read.readline()
        connection.sendall(rest)
        status = int(read.readline().split()[1])
        headers = {}
        while line := read.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = headers.get("content-length")
        body = read.read(int(length) if length else -1)
        if b"HTTP/1.0" in request or b"Connection: close" in request:
            assert read.read() == b""  # the server ends it
        return Answer(status, headers, body, interim)


def told(target: bytes) -> str:
    """Path and query, as the function gets them."""
    rest = re.sub(rb"^/function/echo(\.openfaas-fn)?", b"", target).decode("latin-1")
    return rest if rest.startswith("/") else f"/{rest}"


def test_however_it_is_sent_a_function_gets_what_was_written(
    served: Served, request: pytest.FixtureRequest
) -> None:
    """Path and query byte by byte, the body whole."""
    port, wrong = served.server.port, []
    # The client of another's provider overlooks that a query which is empty is one.
    alone = "before" not in request.node.name
    targets = [*TARGETS, *([b"/function/echo/x?"] if alone else [])]
    for name, (form, rest) in FORMS.items():
        for target in targets:
            head = form.replace(b"%s", target)
            answer = ask(port, head, rest)
            if answer.status != 200:
                wrong.append(f"{name} {target!r}: {answer.status} {answer.body!r}")
                continue
            found = answer.heard
            if (found[":path"], answer.body) != (told(target), BODY):
                wrong.append(f"{name} {target!r}: {found[':path']!r} {answer.body!r}")
            if not found["x-forwarded-host"].startswith("faas.example.com"):
                wrong.append(f"{name} {target!r}: for {found['x-forwarded-host']}")
            if answer.interim != (b"HTTP/1.1 100 Continue\r\n\r\n" if name == "expecting" else b""):
                wrong.append(f"{name} {target!r}: {answer.interim!r}")
    assert wrong == []


def test_what_no_target_may_hold_is_refused_or_passed_on_as_it_is(served: Served) -> None:
    """Never a 500; and who comes next is served."""
    port = served.server.port
    for target in (b"/\xc3\xa4", b"/\xff", b"?q=\xe4", b"/\xed\xa0\x80", b"/a\x7f", b"/a\tb"):
        for name in ("plain", "chunked", "old"):
            head, rest = FORMS[name]
            answer = ask(port, head.replace(b"%s", b"/function/echo" + target), rest)
            if answer.status != 400:
                assert answer.status == 200
                assert answer.heard[":path"].encode("latin-1").lstrip(b"/") == target.lstrip(b"/")
        assert ask(port, FORMS["plain"][0].replace(b"%s", b"/function/echo")).status == 200


def test_without_a_host_there_is_none_to_tell(served: Served) -> None:
    """HTTP/1.0 need not name one; nobody is asked who we are."""
    answer = ask(served.server.port, b"GET /function/echo HTTP/1.0\r\n\r\n")
    assert answer.status == 200
    assert answer.heard["x-forwarded-for"].startswith("127.0.0.1")
    came = ask(served.server.port, b"GET /function/echo HTTP/1.0\r\nX-Forwarded-Host: a\r\n\r\n")
    assert came.heard["x-forwarded-host"].startswith("a")
