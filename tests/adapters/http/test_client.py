"""The HTTP client against real sockets: one server that keeps the rules, and many that do not."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faastraingym.adapters.errors import Refused
from faastraingym.adapters.http.client import Address, Broken, HttpClient, Reply, locate
from tests.authorities import authorities

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


@pytest.fixture
async def echo() -> AsyncIterator[tuple[str, set[object]]]:
    """A real server's address, and the connections that it saw."""
    seen: set[object] = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.add(request.transport)
        headers = [("X-Twice", "1"), ("X-Twice", "2"), ("X-Target", request.path_qs)]
        body = request.headers.get("X-Said", "").encode() + await request.read()
        if "chunked" in request.query:
            response = web.StreamResponse()
            response.enable_chunked_encoding()
            await response.prepare(request)
            for start in range(0, len(body), 1000):
                await response.write(body[start : start + 1000])
            return response
        status = int(request.query.get("status", "200"))
        found = web.Response(status=status, body=body)
        for name, value in headers:
            found.headers.add(name, value)
        return found

    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site._server.sockets[0].getsockname()[1], seen  # type: ignore[union-attr,misc]
    await runner.cleanup()


@pytest.mark.parametrize("size", [0, 1, 70_000, 8 << 20])
@pytest.mark.parametrize("path", ["/a?b=c", "/a?chunked=1"])
async def test_bodies_of_any_size_travel_both_ways(
    echo: tuple[int, set[object]], path: str, size: int
) -> None:
    """With a length and in chunks."""
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    async with HttpClient(Address("127.0.0.1", echo[0])) as client:
        reply = await client.request("POST", path, [("X-Said", "é")], body)
    assert (reply.status, reply.body) == (200, "é".encode() + body)


async def test_headers_keep_their_order_and_repetitions(echo: tuple[int, set[object]]) -> None:
    """And the target is sent as it is, or encoded where it could not be."""
    async with HttpClient(Address("127.0.0.1", echo[0])) as client:
        reply = await client.request("POST", "/%2F/a b?é=1")
    assert [value for name, value in reply.headers if name == "X-Twice"] == ["1", "2"]
    assert reply.header("x-target") == "/%2F/a%20b?%C3%A9=1"


async def test_a_connection_is_used_again_and_only_as_many_are_opened_as_are_needed(
    echo: tuple[int, set[object]],
) -> None:
    async with HttpClient(Address("127.0.0.1", echo[0])) as client:
        for _ in range(3):
            await asyncio.gather(*(client.request("POST", "/", (), b"x") for _ in range(4)))
    assert len(echo[1]) == 4


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_an_answer_without_a_body_ends_with_its_head(
    echo: tuple[int, set[object]], method: str, status: int
) -> None:
    async with HttpClient(Address("127.0.0.1", echo[0])) as client:
        reply = await client.request(method, f"/?status={status}", [("X-Said", "word")])
        assert (reply.status, reply.body) == (status, b"")
        assert (await client.request("POST", "/", (), b"next")).body == b"next"


async def test_a_server_on_a_socket_file(tmp_path: Path) -> None:
    server = await asyncio.start_unix_server(saying(OK), tmp_path / "socket")
    async with server, HttpClient(Address(path=str(tmp_path / "socket"))) as client:
        assert (await get(client)).body == b"hi"


async def test_tls_is_spoken_and_a_stranger_is_not_believed(tmp_path: Path) -> None:
    made = authorities(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.tls.certificate, made.tls.key)
    server = await asyncio.start_server(saying(OK), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        ours = ssl.create_default_context(cafile=made.ours)
        async with HttpClient(Address("127.0.0.1", port, ours)) as client:
            assert (await get(client)).body == b"hi"
        other = ssl.create_default_context(cafile=made.other)
        async with HttpClient(Address("127.0.0.1", port, other)) as client:
            with pytest.raises(Broken, match="certificate verify failed"):
                await get(client)


WHOLE = {
    "ended by closing": [b"HTTP/1.1 200 OK\r\n\r\nh", b"i"],
    "of HTTP/1.0": [b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"],
    "byte by byte": [bytes([byte]) for byte in OK],
    "after interim ones": [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n", OK],
    "chunked, with trailers": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nh\r\n1\r\n",
        b"i\r\n0\r\nX-Trailer: 1\r\n\r\n",
    ],
    "followed by what nobody asked for": [OK + b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"],
}


@pytest.mark.parametrize("pieces", WHOLE.values(), ids=WHOLE.keys())
async def test_an_answer(pieces: list[bytes]) -> None:
    """The next request gets its own answer, too."""
    ends = b"ength" in b"".join(pieces) or b"chunked" in b"".join(pieces)
    async with talking(saying(*pieces, closes=not ends)) as client:
        for _ in range(2):
            reply = await get(client)
            assert (reply.status, reply.body) == (200, b"hi")
            assert reply.header("x-trailer") == ""
            await asyncio.sleep(0.05)  # so that what closes has closed


HALF = {
    "nothing": [],
    "half a head": [b"HTTP/1.1 200 OK\r\nA: "],
    "half a body": [OK[:-1]],
    "half of its chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi"],
    "garbage": [bytes(range(256))],
    "another protocol": [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"],
    "two lengths": [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!"],
    "a head without end": [b"HTTP/1.1 200 OK\r\n", *[b"A: " + b"x" * 4096 + b"\r\n"] * 600],
    "trailers without end": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        *[b"A: " + b"x" * 4096 + b"\r\n"] * 600,
    ],
}


@pytest.mark.parametrize("pieces", HALF.values(), ids=HALF.keys())
async def test_what_is_no_answer_is_broken(pieces: list[bytes]) -> None:
    """It is never tried again here: the request may have been carried out."""
    async with talking(saying(*pieces)) as client:
        with pytest.raises(Broken):
            await get(client)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.binary(max_size=400)
    | st.builds(
        lambda start, cut, middle: OK[:cut] + middle + start,
        st.binary(max_size=40),
        st.integers(0, len(OK)),
        st.binary(max_size=40),
    )
)
async def test_no_bytes_do_anything_else(sent: bytes) -> None:
    """An answer or Broken, whatever a server sends before it closes."""
    async with talking(saying(sent)) as client:
        try:
            reply = await get(client)
        except Broken:
            return
        assert 200 <= reply.status < 1000


async def test_a_request_that_is_given_up_takes_its_connection_along() -> None:
    """Or the next one would get its answer."""
    stalled = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        if target == b"/slow":
            stalled.set()
            assert await reader.read() == b""  # closed
        writer.write(OK)

    async with talking(talk) as client:
        slow = asyncio.create_task(client.request("GET", "/slow"))
        await stalled.wait()
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert (await get(client)).body == b"hi"


async def test_a_kept_connection_that_was_closed_meanwhile_is_not_used() -> None:
    async with talking(saying(OK)) as client:
        assert (await get(client)).body == b"hi"
        await asyncio.sleep(0.05)  # the server has closed it
        assert (await get(client)).body == b"hi"


async def test_a_server_that_speaks_without_being_asked_loses_its_connection() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await saying(OK)(reader, writer)
        await asyncio.sleep(0)
        writer.write(OK.replace(b"hi", b"no"))
        await reader.read()

    async with talking(talk) as client:
        assert (await get(client)).body == b"hi"
        await asyncio.sleep(0.05)
        assert (await get(client)).body == b"hi"


@pytest.mark.parametrize(
    ("target", "headers"),
    [("/", [("A", "b\r\nC: d")]), ("/", [("A\n", "b")]), ("/", [("A", "b\0")])],
)
async def test_nothing_ends_a_line_of_its_own(target: str, headers: list[tuple[str, str]]) -> None:
    async with talking(saying(OK)) as client:
        with pytest.raises(Refused, match="line's end"):
            await client.request("GET", target, headers)


async def test_nobody_there_is_broken() -> None:
    """The error names the address; a closed client opens nothing."""
    async with talking(saying(OK)) as client:
        pass
    with pytest.raises(Broken, match="closed"):
        await get(client)
    async with HttpClient(Address("127.0.0.1", 1)) as client:
        with pytest.raises(Broken, match=r"127\.0\.0\.1:1"):
            await get(client)


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "authority"),
    [
        ("http://a/b?c=d", "a", 80, "/b?c=d", "a"),
        ("https://a.b", "a.b", 443, "", "a.b"),
        ("http://[::1]:81/", "::1", 81, "/", "[::1]:81"),
    ],
)
def test_where_a_url_leads(url: str, host: str, port: int, target: str, authority: str) -> None:
    address, found = locate(url)
    assert (address.host, address.port, found, address.authority) == (host, port, target, authority)


@pytest.mark.parametrize("url", ["ftp://a", "nothing", "http://", "http://a:b", "http://[1"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        locate(url)


class Blocks:
    """A body of so many blocks, made when it is sent; and what it has been asked for."""

    def __init__(self, count: int) -> None:
        self.count, self.made = count, 0

    def __len__(self) -> int:
        return self.count << 16

    def pieces(self) -> Iterator[bytes]:
        for number in range(self.count):
            self.made += 1
            yield bytes([number % 256]) * (1 << 16)


class Waiting:
    """Takes an answer, and wants more only a while after each piece."""

    def __init__(self) -> None:
        self.taken = b""
        self.pending: list[asyncio.Future[None]] = []

    def take(self, piece: bytes) -> "asyncio.Future[None]":
        self.taken += piece
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.001, future.set_result, None)
        self.pending.append(future)
        return future


class Taking:
    """Takes so many bytes of an answer, and no more."""

    def __init__(self, most: int) -> None:
        self.taken, self.most = b"", most

    def take(self, piece: bytes) -> bool:
        self.taken += piece
        return len(self.taken) <= self.most


async def test_a_body_in_pieces_arrives_whole_and_its_answer_goes_where_it_should(
    echo: tuple[int, set[object]],
) -> None:
    """Again and again on one connection: it can be read again, and the connection goes on."""
    body, port = Blocks(40), echo[0]
    async with HttpClient(Address("127.0.0.1", port)) as client:
        for answer in (Taking(1 << 30), Waiting(), Taking(1 << 30)):
            reply = await client.request("POST", "/", (), body, answer)
            assert (reply.status, reply.body) == (200, b"")
            assert answer.taken == b"".join(body.pieces())
    assert len(echo[1]) == 1


async def test_an_answer_before_the_end_of_a_body_ends_it() -> None:
    """The rest is not sent; the connection is not used again."""
    body = Blocks(1000)
    said = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
    async with talking(saying(said, closes=False)) as client:
        async with asyncio.timeout(20.0):
            reply = await client.request("POST", "/", (), body)
            assert reply.status == 413
            assert body.made < 1000
            assert (await client.request("POST", "/", (), b"")).status == 413


async def test_a_server_that_reads_nothing_is_not_written_to_without_end() -> None:
    body = Blocks(1000)
    async with talking(lambda reader, writer: asyncio.sleep(60.0)) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await client.request("POST", "/", (), body)
    assert body.made < 1000


async def test_an_answer_that_nobody_wants_breaks_the_connection() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    answer = Taking(10)
    async with talking(saying(head, b"x" * 1000, b"x" * 999_000)) as client:
        with pytest.raises(Broken, match="nobody wants the rest"):
            await client.request("GET", "/", sink=answer)
