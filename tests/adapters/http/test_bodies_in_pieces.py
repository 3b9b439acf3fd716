"""Bodies that are not in memory: sent as the server reads, received as the caller takes them."""

import asyncio
from collections.abc import Iterator

import pytest

from faastraingym.adapters.http.client import Address, Broken, HttpClient
from tests.adapters.http.talking import saying, talking


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
