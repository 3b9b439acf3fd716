"""A request that is repeated until it is answered, beside a server that says what a test wants."""

import pickle
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.remote.connection import LONGEST, Connection, Reply, pause, told
from faastraingym.remote.errors import RemoteError
from faastraingym.schemas.answers import Complaint, Failure, Kind

MSGPACK = "application/msgpack"


def complaint(kind: Kind, path: str, text: str) -> Failure:
    return Failure(error=Complaint(kind=kind, path=path, text=text))


EXPIRED = msgspec.msgpack.encode(complaint("expired", "state", "state: found one of yesterday"))
AWAY = msgspec.json.encode(complaint("unavailable", "", "the store is away"))


class Said(NamedTuple):
    """An answer; of a status 0 none comes, and the connection ends."""

    status: int
    body: bytes = b""
    kind: str = "text/plain"
    retry_after: str = ""


class Heard(NamedTuple):
    """A request, and by which connection it came."""

    path: str
    token: str
    body: bytes
    port: int


@contextmanager
def saying(*answers: Said) -> Iterator[tuple[str, list[Heard]]]:
    """A server's URL, and what it has heard; the last answer is for whatever still comes."""
    heard: list[Heard] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            token = self.headers["Authorization"]
            said = answers[min(len(heard), len(answers) - 1)]
            heard.append(Heard(self.path, token, body, self.client_address[1]))
            if not said.status:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(said.status)
            self.send_header("Content-Type", said.kind)
            self.send_header("Content-Length", str(len(said.body)))
            if said.retry_after:
                self.send_header("Retry-After", said.retry_after)
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked(url: str, seconds: float = 30.0) -> bytes:
    connection = Connection(url, "secret", seconds)
    try:
        return connection.ask("step", b"a step")
    finally:
        connection.close()


def test_an_answer_is_asked_for_by_the_function_s_path_and_the_caller_s_token() -> None:
    with saying(Said(200, b"answer", MSGPACK)) as (url, heard):
        assert asked(f"{url}/openfaas/") == b"answer"
    (only,) = heard
    assert only[:3] == ("/openfaas/function/env-step/step", "Bearer secret", b"a step")


def test_requests_one_after_the_other_take_one_connection() -> None:
    with saying(Said(200, b"answer", MSGPACK)) as (url, heard):
        connection = Connection(url, "secret", 30.0)
        assert [connection.ask("step", body) for body in (b"1", b"2")] == [b"answer"] * 2
        connection.close()
    assert len({each.port for each in heard}) == 1
    assert [each.body for each in heard] == [b"1", b"2"]


@pytest.mark.parametrize(
    "lost",
    [
        Said(0),
        Said(502, b"no replica"),
        Said(503, AWAY, "application/json"),
        Said(429, b"", retry_after="0"),
    ],
)
def test_a_lost_answer_is_asked_for_again_with_the_same_request(lost: Said) -> None:
    with saying(Said(200, b"first", MSGPACK), lost, lost, Said(200, b"second", MSGPACK)) as (
        url,
        heard,
    ):
        connection = Connection(url, "secret", 60.0)
        assert connection.ask("step", b"1") == b"first"
        assert connection.ask("step", b"2") == b"second"
        connection.close()
    assert [each.body for each in heard] == [b"1", b"2", b"2", b"2"]


def test_a_refusal_is_told_and_not_tried_again() -> None:
    with saying(Said(410, EXPIRED, MSGPACK)) as (url, heard), pytest.raises(RemoteError) as caught:
        asked(url)
    error = caught.value
    assert (error.kind, error.path, len(heard)) == ("expired", "state", 1)
    assert str(error) == "state: found one of yesterday"


def test_a_server_that_waits_longer_than_there_is_time_is_not_waited_for() -> None:
    """It is told how often it was asked."""
    later = Said(429, b"slowly", retry_after="3600")
    with (
        saying(Said(503, b"no replica"), Said(0), later) as (url, heard),
        pytest.raises(RemoteError) as caught,
    ):
        asked(url, seconds=300.0)
    assert caught.value.kind == "too-many"
    assert str(caught.value).endswith("and said: slowly (tried 3 times in 300 s)")
    assert len(heard) == 3


def test_where_nobody_listens_it_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(RemoteError, match=f"http://127.0.0.1:{port} does not answer") as caught:
        asked(f"http://127.0.0.1:{port}", seconds=0.1)
    assert caught.value.kind == "unavailable"


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://there", "http://", "http://[", "//a"])
def test_what_is_no_url_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(RemoteError, match="allowed: a gateway's URL") as caught:
        Connection(url, "secret", 1.0)
    assert (caught.value.kind, caught.value.path) == ("bad-request", "url")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, "bad-request"),
        (401, "unauthenticated"),
        (404, "not-found"),
        (413, "too-large"),
        (429, "too-many"),
        (500, "unavailable"),
        (504, "unavailable"),
    ],
)
def test_an_answer_of_a_gateway_is_told_in_the_function_s_words(status: int, kind: str) -> None:
    error, wait = told(Reply(status, "text/html", "7", b"<html>"), "http://gateway")
    assert (error.kind, wait) == (kind, 7.0)
    assert str(error) == f"http://gateway answered {status} instead of env-step, and said: <html>"


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_pause_is_never_longer_than_the_longest(attempt: int, fraction: float) -> None:
    assert 0 < pause(attempt, fraction) <= LONGEST
    assert pause(attempt, 0.5) <= pause(attempt + 1, 0.5)


def test_an_error_crosses_a_process() -> None:
    error = pickle.loads(pickle.dumps(RemoteError("expired", "state", "found none")))  # noqa: S301
    assert (error.kind, error.path, str(error)) == ("expired", "state", "found none")
