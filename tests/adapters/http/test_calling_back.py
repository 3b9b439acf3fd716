"""The queue-worker's HTTP: what it makes of a function's answer, on real sockets."""

import asyncio

from faastraingym.adapters.processes.queue_worker import Gateway
from faastraingym.events.delivery.requests import Request
from faastraingym.events.topology.stack_file import Function
from tests.adapters.http.test_callbacks import receiver

ECHO = Function(name="echo")
ANSWER = b"""HTTP/1.1 200 OK\r
Content-Type: application/json\r
X-Many: a\r
x-many: b\r
Connection: keep-alive, X-Hop\r
X-Hop: 1\r
X-Odd: \xe9\xff\r
X-Function-Status: 599\r
Retry-After: 7\r
Content-Length: 2\r
\r
{}"""


async def test_an_answer_is_told_with_its_headers() -> None:
    """By name in lower case; what comes repeatedly is one."""
    async with receiver(lambda _: ANSWER) as (port, _):
        gateway = Gateway(f"http://127.0.0.1:{port}")
        answer = await gateway.invoke(ECHO, Request(headers={"X-Call-Id": "one"}))
        gateway.close()
    assert (answer.status, answer.body, answer.retry_after) == (200, b"{}", 7.0)
    assert answer.headers["x-many"] == "a, b"
    assert answer.headers["content-type"] == "application/json"


async def test_a_callback_carries_the_functions_headers_to_the_socket() -> None:
    """Bytes that are no UTF-8 too; of the connection before it nothing."""
    async with receiver(lambda _: ANSWER) as (port, _):
        gateway = Gateway(f"http://127.0.0.1:{port}")
        asked = Request(headers={"X-Call-Id": "one", "X-Start-Time": "17"})
        answer = await gateway.invoke(ECHO, asked)
        async with receiver(lambda _: b"HTTP/1.1 204 No\r\n\r\n") as (back, heads):
            request = Request(headers=asked.headers, callback=f"http://127.0.0.1:{back}/told")
            assert await gateway.call_back(ECHO, request, answer, authenticated=True) == ""
        gateway.close()
    (head,) = heads
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /told HTTP/1.1"
    told = dict(line.split(b": ", 1) for line in lines[1:] if line)
    assert told[b"Content-Type"] == b"application/json"
    assert told[b"X-Many"] == b"a, b"
    assert told[b"X-Odd"] == b"\xe9\xff"
    assert told[b"X-Function-Status"] == b"200"
    assert (told[b"X-Call-Id"], told[b"X-Start-Time"]) == (b"one", b"17")
    assert told[b"Content-Length"] == b"2"
    assert not {b"Connection", b"X-Hop", b"Transfer-Encoding"} & told.keys()


async def test_nobody_answers_without_headers() -> None:
    """Then there is nothing to tell but ours."""
    async with asyncio.timeout(20):
        gateway = Gateway("http://127.0.0.1:1")
        answer = await gateway.invoke(ECHO, Request())
        gateway.close()
    assert (answer.status, answer.headers) == (503, {})
