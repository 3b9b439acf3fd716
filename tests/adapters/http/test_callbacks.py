"""Calling back, on real sockets: once told, what is repeated, and where nothing is sent."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from faastraingym.adapters.http.callbacks import MOST_ANSWER, Call, Callbacks
from faastraingym.events.delivery.callbacks import origins
from tests.authorities import authorities

GATEWAY = "http://127.0.0.1:1"
Answer = Callable[[int], bytes]  # to the attempt of that number

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MOST_ANSWER + 1) + bytes(
    MOST_ANSWER + 1
)


def status(code: int, *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {code} X", "Content-Length: 0", *headers, "", "")).encode()


@asynccontextmanager
async def receiver(answer: Answer, **tls: object) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port, and the heads of what came to it."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer(len(heads)))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, **tls)  # type: ignore[arg-type]
    async with server:
        yield server.sockets[0].getsockname()[1], heads


def tell(url: str, authenticated: bool = True, listed: str = "") -> Awaitable[str]:
    caller = Callbacks(origins(listed), GATEWAY, pauses=(0.01, 0.01))
    return caller.tell(Call(url, {"X-Call-Id": "one"}, b"done"), authenticated)


async def test_a_receiver_is_told_once() -> None:
    """By its name, with OpenFaaS's headers."""
    async with receiver(lambda _: OK) as (port, heads):
        assert await tell(f"http://localhost:{port}/told?a=b") == ""
    assert len(heads) == 1
    assert heads[0].startswith(b"POST /told?a=b HTTP/1.1\r\n")
    assert b"Host: localhost:%d\r\n" % port in heads[0]
    assert b"X-Call-Id: one\r\n" in heads[0]


@pytest.mark.parametrize(
    ("answer", "attempts", "why"),
    [
        (lambda n: status(503) if n < 3 else OK, 3, ""),
        (lambda n: b"" if n < 2 else OK, 2, ""),
        (lambda _: status(503), 3, "answered 503"),
        (lambda _: status(404), 1, "answered 404"),
        (lambda _: status(307, "Location: http://127.0.0.1:1/after"), 1, "answered 307"),
        (lambda _: LARGE, 3, "nobody wants the rest of its answer"),
    ],
    ids=["comes back", "breaks once", "stays busy", "is not there", "redirects", "talks on"],
)
async def test_what_is_repeated_and_what_is_given_up(
    answer: Answer, attempts: int, why: str
) -> None:
    """A redirect is not followed, and an answer that nobody reads is bounded."""
    async with receiver(answer) as (port, heads):
        told = await tell(f"http://127.0.0.1:{port}/")
    assert (len(heads), why in told, bool(told)) == (attempts, True, bool(why))


async def test_nothing_is_sent_where_the_policy_says_no() -> None:
    """Asked again here, for what is known at the gateway is not all."""
    async with receiver(lambda _: OK) as (port, heads):
        at = f"http://127.0.0.1:{port}"
        assert "FTG_CALLBACK_ORIGINS" in await tell(at, authenticated=False)
        assert "not in FTG_CALLBACK_ORIGINS" in await tell(at, listed="https://ci.example.com")
        assert await tell(at, authenticated=False, listed=at) == ""
        for url in (f"http://u:p@127.0.0.1:{port}/", "nothing", "file:///etc/passwd"):
            assert await tell(url)
        own = Callbacks(None, at)
        for path in ("/system/functions", "//system", "/function/../system"):
            assert "own API" in await own.tell(
                Call(f"http://localhost:{port}{path}", {}, b""), True
            )
    assert len(heads) == 1


@pytest.mark.parametrize("name", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "0"])
async def test_a_name_is_judged_by_what_it_resolves_to(name: str) -> None:
    """These are spellings of 169.254.169.254, and of no address at all."""
    try:
        socket.getaddrinfo(name, 80)
    except OSError:
        pytest.skip("the resolver of this machine does not take it")
    assert "address" in await tell(f"http://{name}/") or "metadata" in await tell(f"http://{name}/")


async def test_a_name_that_nobody_has_is_told() -> None:
    assert await tell("http://absent.invalid/")


async def test_tls_holds_the_receiver_to_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it is connected to by its address."""
    made = authorities(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ours))
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(made.tls.certificate, made.tls.key)
    async with receiver(lambda _: OK, ssl=shown) as (port, heads):
        assert await tell(f"https://127.0.0.1:{port}/") == ""
        assert "certificate" in (await tell(f"https://localhost:{port}/")).lower()
    assert len(heads) == 1
