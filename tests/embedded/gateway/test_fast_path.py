"""The short way to functions: whoever serves a request, its answer is the same."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faastraingym.embedded.contract.bodies import whole
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.contract.http import DEFAULT_LIMITS, MOST_HEADERS
from faastraingym.embedded.contract.messages import FunctionStatus, Request, Response
from faastraingym.embedded.contract.serving import listening
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.gateway.app import application
from faastraingym.embedded.gateway.fast_path import Reader, encode
from tests.embedded.support import PASSWORD, MemoryQueue, free_port


class Functions:
    """A provider of one function, `echo`, which says what it heard; only what invoking needs."""

    def __init__(self) -> None:
        self.calls: list[Request] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def functions(self) -> list[FunctionStatus]:
        return []

    async def function(self, name: str, usage: bool = False) -> FunctionStatus:
        if name != "echo":
            raise ProviderError(404, f"There is no function {name!r}.")
        return FunctionStatus(name=name, image="example/echo:1")

    async def invoke(self, name: str, request: Request) -> Response:
        await self.function(name)
        self.calls.append(request._replace(body=whole(request.body)))
        await self.may_answer.wait()
        said = [(key, value) for key, value in request.headers if key.lower().startswith("x-own")]
        heard = f"{request.method} {request.path} ".encode() + whole(request.body)
        return Response(200, said, heard)


@asynccontextmanager
async def served(
    functions: Functions, idle: float = 90.0, budget: Budget | None = None
) -> AsyncIterator[int]:
    """A gateway's port."""
    port = free_port()
    limits = DEFAULT_LIMITS._replace(idle_seconds=idle, body_seconds=idle)
    app = application(functions, MemoryQueue(), PASSWORD, limits, budget=budget)  # type: ignore[arg-type]
    async with listening(app, "127.0.0.1", port):
        yield port


class Client:
    """One connection, byte by byte on our terms."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, *pieces: bytes) -> tuple[int, bytes]:
        await self.send(*pieces)
        return await self.answer()

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0.02 if len(pieces) > 1 else 0)

    async def answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(20.0):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = await self.reader.readexactly(int(length[1])) if length else b""
        return int(head.split()[1]), body

    async def status(self) -> int:
        """To be cut off is to be told 400: the answer may be lost with the connection."""
        try:
            return (await self.answer())[0]
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return 400

    async def closed(self) -> None:
        async with asyncio.timeout(20.0):
            while await self.reader.read(1 << 16):
                pass


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    yield Client(reader, writer)
    writer.close()


def posting(path: str, *headers: str, body: bytes = b"", method: str = "POST") -> bytes:
    lines = (f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join((*lines, "", "")).encode() + body


def halved(request: bytes) -> tuple[bytes, bytes]:
    """Two writes, which aiohttp serves."""
    return request[:20], request[20:]


def with_headers(count: int) -> bytes:
    """A request of so many headers, Host and Content-Length among them."""
    return posting("/function/echo", *[f"X-Own: {n}" for n in range(count - 2)], body=b"hi")


CHUNKED = b"POST /function/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        posting("/function/echo", body=b"hi"),
        posting("/function/echo/a/b?c=d", "X-Own: 1", "x-own: 2", method="GET"),
        posting("/function/echo.openfaas-fn/%2F?", "X-Call-Id: mine", method="DELETE"),
        posting("/function/echo?x", "Connection: keep-alive", method="PUT", body=b"x" * 60_000),
        posting("/function/echo", body=b"x" * 100_000),
        posting("/function/absent", body=b"hi"),
        posting("/function/echo.elsewhere"),
        posting("/function/Echo"),
        posting("/function/"),
        posting("/function/echo", "X-Call-Id: a b"),
        posting("/async-function/echo/a?b", body=b"hi"),
        posting("/async-function/echo", body=b"x" * 256_001),
        posting("/async-function/absent", body=b"hi"),
        posting("/async-function/echo", method="GET"),
        posting("/async-function/echo", "X-Callback-Url: nothing"),
        posting("/system/functions", method="GET"),
        posting("/nowhere"),
        posting("/function/echo", method="OPTIONS"),
        with_headers(MOST_HEADERS),
        with_headers(MOST_HEADERS + 1),
        with_headers(2000),
    ],
    ids=lambda request: request[:45].split(b"\r")[0].decode(),
)
async def test_one_piece_or_two_is_answered_alike(request_: bytes) -> None:
    """And the function gets the same."""
    functions = Functions()
    async with served(functions) as port, client(port) as whole, client(port) as pieces:
        assert await whole.ask(request_) == await pieces.ask(*halved(request_))
    heard = [
        (
            c.method,
            c.path,
            c.body,
            [h for h in c.headers if h[0] not in ("X-Call-Id", "X-Start-Time")],
        )
        for c in functions.calls
    ]
    assert len(heard) in (0, 2)
    assert heard[:1] == heard[1:]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "BREW", "POST "]),
    path=st.sampled_from(["/function/echo", "/async-function/echo", "/function/e%63ho"])
    | st.text("/?#%.ab-é \t", max_size=8).map("/function/echo".__add__),
    headers=st.lists(
        st.sampled_from(
            [
                "Expect: 100-continue",
                "Connection: upgrade",
                "Upgrade: h2c",
                "Transfer-Encoding: chunked",
                "Content-Length: 2",
                "Content-Length: 3",
                "Host: y",
                "X-Own: \x01",
                "X-Own : 1",
                " folded",
                "TE: trailers",
                "X-Own: é",
            ]
        ),
        max_size=2,
    ),
)
async def test_odd_requests_are_answered_alike(method: str, path: str, headers: list[str]) -> None:
    """What aiohttp refuses is refused, whatever the lane makes of it."""
    request = posting(path, *headers, body=b"hi", method=method)
    functions = Functions()
    async with served(functions) as port, client(port) as whole, client(port) as pieces:
        await whole.send(request)
        await pieces.send(*halved(request))
        assert await whole.status() == await pieces.status()


@pytest.mark.parametrize(("count", "status"), [(MOST_HEADERS, 200), (MOST_HEADERS + 1, 400)])
async def test_headers_are_counted_whoever_reads_them(count: int, status: int) -> None:
    async with served(Functions()) as port, client(port) as whole, client(port) as pieces:
        assert (await whole.ask(with_headers(count)))[0] == status
        assert (await pieces.ask(*halved(with_headers(count))))[0] == status


async def test_a_connection_serves_what_is_plain_and_what_is_not_in_turn() -> None:
    functions = Functions()
    async with served(functions) as port, client(port) as one:
        plain = posting("/function/echo", body=b"1")
        for request in (plain, plain, posting("/healthz", method="GET"), plain):
            assert (await one.ask(request))[0] == 200
        assert await one.ask(CHUNKED + b"2\r\nhi\r\n0\r\n\r\n") == (200, b"POST / hi")
        assert await one.ask(plain) == (200, b"POST / 1")


async def test_requests_that_come_before_their_turn_are_answered_in_order() -> None:
    """Pipelined: in one piece, and while another one is served."""
    functions = Functions()
    requests = [posting(f"/function/echo/{n}") for n in range(4)]
    async with served(functions) as port, client(port) as one:
        functions.may_answer.clear()
        await one.send(requests[0])
        await asyncio.sleep(0.05)
        await one.send(requests[1] + requests[2])
        await asyncio.sleep(0.05)
        functions.may_answer.set()
        await one.send(requests[3])
        answers = [(await one.answer())[1] for _ in requests]
    assert answers == [f"POST /{n} ".encode() for n in range(4)]


async def test_a_caller_that_leaves_does_not_call_the_function_off() -> None:
    """As with OpenFaaS: the invocation is counted."""
    functions = Functions()
    async with served(functions) as port:
        functions.may_answer.clear()
        async with client(port) as leaving:
            await leaving.send(posting("/function/echo"))
            await asyncio.sleep(0.05)
        functions.may_answer.set()
        async with client(port) as other:
            await other.send(posting("/metrics", method="GET", body=b""))
            _, text = await other.answer()
    assert (
        b'gateway_function_invocation_total{code="200",function_name="echo.openfaas-fn"} 1.0'
        in text
    )


async def test_a_client_that_does_not_read_is_served_no_more() -> None:
    """Or its answers would fill our memory; it is cut off when it is idle for too long."""
    functions = Functions()
    async with served(functions, idle=1.0) as port, client(port) as greedy:
        greedy.writer.transport.pause_reading()  # type: ignore[attr-defined]
        request = posting("/function/echo", body=b"x" * 60_000)
        sending = asyncio.create_task(greedy.send(*[request] * 1000))
        await asyncio.wait([sending], timeout=15.0)
        sending.cancel()
        with pytest.raises((ConnectionError, asyncio.CancelledError)):
            await sending
    assert len(functions.calls) < 1000


@pytest.mark.parametrize("first", [b"", posting("/function/echo")])
async def test_an_idle_connection_is_closed(first: bytes) -> None:
    async with served(Functions(), idle=0.2) as port, client(port) as idle:
        await idle.send(first)
        await idle.closed()


async def test_stopping_waits_for_what_is_served() -> None:
    functions = Functions()
    async with served(functions) as port:
        functions.may_answer.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        served_one, idle = Client(reader, writer), await asyncio.open_connection("127.0.0.1", port)
        await served_one.send(posting("/function/echo", body=b"hi"))
        await asyncio.sleep(0.05)
        asyncio.get_running_loop().call_later(0.2, functions.may_answer.set)
    assert await served_one.answer() == (200, b"POST / hi")
    assert await idle[0].read() == b""
    writer.close()
    idle[1].close()


@given(st.binary(max_size=200))
def test_no_bytes_but_a_whole_plain_request_are_read(data: bytes) -> None:
    assert Reader(1 << 20).read(data) is None
    plain = posting("/function/echo", body=b"hi")
    assert Reader(1 << 20).read(plain) is not None
    for cut in range(len(plain)):
        assert Reader(1 << 20).read(plain[:cut]) is None


@pytest.mark.parametrize(("status", "length"), [(200, b"Content-Length: 2"), (204, b"")])
def test_an_answer_has_a_length_unless_it_cannot_have_a_body(status: int, length: bytes) -> None:
    head, body = encode(Response(status, [("A", "é")], b"hi"))
    assert head.endswith(b"\r\n\r\n")
    assert "A: é".encode() in head
    assert b"\r\nDate: " in head
    assert (length in head, body) == (True, b"hi" if length else b"")
    assert (b"Content-Length" in head) == bool(length)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0"])
async def test_a_line_end_in_an_answer_begins_no_header(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever puts it there, the caller is told of a defect, and what comes next is served."""

    async def invoke(name: str, request: Request) -> Response:
        return Response(200, [("X-Own", f"1{end}Set-Cookie: a=b")], b"hi")

    functions = Functions()
    async with served(functions) as port, client(port) as one:
        with monkeypatch.context() as patch:
            patch.setattr(functions, "invoke", invoke)
            assert await one.ask(posting("/function/echo", body=b"hi")) == (500, b"")
        assert await one.ask(posting("/function/echo", body=b"hi")) == (200, b"POST / hi")
