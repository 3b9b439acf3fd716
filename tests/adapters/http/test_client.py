"""The HTTP client against real sockets: one server that keeps the rules, and many that do not."""

import asyncio
import ssl
from pathlib import Path

import pytest

from faastraingym.adapters.errors import Refused
from faastraingym.adapters.http.client import Address, Broken, HttpClient, locate
from tests.adapters.http.talking import OK, get, saying, talking
from tests.authorities import authorities


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
