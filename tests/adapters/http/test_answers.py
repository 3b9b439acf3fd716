"""The bytes that the HTTP client takes for an answer, and those that it does not."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faastraingym.adapters.http.client import Broken
from tests.adapters.http.talking import OK, get, saying, talking

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
