"""Clients that mean no good, as data: what each sends, piece by piece, until it is cut off."""

import asyncio
import itertools
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

PATIENCE = 60.0  # seconds after which a connection counts as never cut off: a test's, not a bound
PAUSE = 0.02  # seconds between the bytes of a slow one

Pieces = Callable[[str], Iterator[bytes]]  # of a path


class Attack(NamedTuple):
    """What is sent to a path; the server must answer one of these statuses, or just close."""

    pieces: Pieces
    slow: bool = False
    statuses: tuple[int, ...] = (400, 408, 413, 414, 431)


def head(path: str, *headers: str, method: str = "POST") -> bytes:
    """A request's head."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: x", *headers, "", "")).encode()


def _after(first: Callable[[str], bytes], *rest: bytes) -> Pieces:
    """`first`, then `rest` over and over, for ever."""
    return lambda path: itertools.chain([first(path)], itertools.cycle(rest))


def _posting(*headers: str) -> Callable[[str], bytes]:
    return lambda path: head(path, *headers)


def _opening(path: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode()


CHUNKED = "Transfer-Encoding: chunked"
KILO = b"x" * 1024
ATTACKS: dict[str, Attack] = {
    "says nothing": Attack(lambda _: iter(())),
    "dribbles its request line": Attack(_after(lambda _: b"G", b"E"), slow=True),
    "dribbles a header": Attack(_after(_opening, b"a"), slow=True),
    "dribbles headers": Attack(_after(_opening, b"a", b":", b" ", b"b", b"\r\n"), slow=True),
    "stops in its head": Attack(lambda path: iter([_opening(path)])),
    "dribbles its body": Attack(_after(_posting("Content-Length: 100000"), b"x"), slow=True),
    "dribbles chunks": Attack(_after(_posting(CHUNKED), b"1\r\nx\r\n"), slow=True),
    "stops in its body": Attack(lambda path: iter([head(path, "Content-Length: 100"), b"x"])),
    "sends headers without end": Attack(_after(_opening, b"a: " + KILO + b"\r\n")),
    "sends small headers without end": Attack(_after(_opening, b"a: b\r\n" * 1000)),
    "sends a header without end": Attack(_after(lambda path: _opening(path) + b"a: ", KILO)),
    "sends a path without end": Attack(_after(lambda _: b"GET /", KILO)),
    "announces a body of exbibytes": Attack(
        _after(_posting(f"Content-Length: {2**60}"), KILO * 64)
    ),
    "announces a longer body than numbers go": Attack(
        _after(_posting("Content-Length: " + "9" * 50), KILO)
    ),
    "floods chunks": Attack(_after(_posting(CHUNKED), b"10000\r\n" + KILO * 64 + b"\r\n")),
    "floods tiny chunks": Attack(_after(_posting(CHUNKED), b"1\r\nx\r\n" * 1000)),
    "announces a chunk of exbibytes": Attack(
        _after(lambda path: head(path, CHUNKED) + b"fffffffffffffff\r\n", KILO * 64),
    ),
    "floods a chunk's extension": Attack(_after(lambda path: head(path, CHUNKED) + b"1;a=", KILO)),
    "floods trailers": Attack(
        _after(lambda path: head(path, CHUNKED) + b"0\r\n", b"a: " + KILO + b"\r\n"),
    ),
    "sends garbage": Attack(_after(lambda _: bytes(range(256)), bytes(range(256)))),
    "pipelines garbage": Attack(
        _after(lambda path: head(path, method="GET"), b"\x00\xff garbage\r\n\r\n"),
        statuses=(200, 400),
    ),
    "contradicts itself": Attack(
        _after(_posting("Content-Length: 5", "Content-Length: 6"), b"hello")
    ),
    "smuggles": Attack(_after(_posting("Content-Length: 5", CHUNKED), b"0\r\n\r\nGET / HTTP/1.1")),
    "speaks TLS": Attack(_after(lambda _: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", KILO)),
}


async def cut_off(attack: Attack, port: int, path: str) -> list[int]:
    """Attack until the server closes; the statuses that it answered.

    Raises:
        TimeoutError: it never did.
    """
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        sending = asyncio.create_task(_send(attack, path, writer))
        answer = b""
        with suppress(ConnectionError):
            while piece := await reader.read(1 << 16):
                answer += piece
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()
    lines = [line for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    return [int(line.split()[1]) for line in lines]


async def _send(attack: Attack, path: str, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        for piece in attack.pieces(path):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(PAUSE if attack.slow else 0)


async def ask(port: int, path: str) -> int:
    """What anybody else asks meanwhile, on a connection of its own: the answer's status."""
    return await asyncio.to_thread(_asked, port, path)


def _asked(port: int, path: str) -> int:
    """In a thread: behind the attackers in their loop, whoever asks would be a slow client, too."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(head(path, "Connection: close", "Content-Length: 2") + b"hi")
        with connection.makefile("rb") as answered:
            answer = answered.read()
    return int(answer.split(b" ", 2)[1])
