"""Requests that HTTP allows and that nobody behind the gateway should see."""

import asyncio
import json
import re

import aiohttp
import msgspec
import pytest
from yarl import URL

from faastraingym.embedded.contract.auth import allowed
from tests.embedded.gateway.test_app import deploy, get
from tests.embedded.support import LOGIN, MemoryQueue, deployment


async def raw(gateway: aiohttp.ClientSession, request: bytes) -> tuple[int, bytes]:
    """One exchange without a client's own scruples."""
    origin = URL(str(gateway._base_url))
    reader, writer = await asyncio.open_connection(origin.host, origin.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1]), answer


def posting(path: str, *headers: bytes) -> bytes:
    first = f"POST {path} HTTP/1.1".encode()
    rest = (b"Host: x", b"Connection: close", b"Content-Length: 0", *headers, b"", b"")
    return b"\r\n".join((first, *rest))


@pytest.mark.parametrize("path", ["/function/echo", "/async-function/echo", "/system/functions"])
async def test_a_header_that_is_no_utf8_is_400(gateway: aiohttp.ClientSession, path: str) -> None:
    await deploy(gateway, deployment("echo"))
    status, answer = await raw(gateway, posting(path, b"X-Odd: \xff\xfe"))
    assert status == 400
    assert b"The header X-Odd is not UTF-8." in answer


@pytest.mark.parametrize("call_id", ["a b", "ü", "x" * 201])
async def test_a_call_id_that_cannot_be_passed_on_is_400(
    gateway: aiohttp.ClientSession, queue: MemoryQueue, call_id: str
) -> None:
    await deploy(gateway, deployment("echo"))
    for path in ("/function/echo", "/async-function/echo"):
        request = posting(path, b"X-Call-Id: " + call_id.encode())
        status, answer = await raw(gateway, request)
        assert status == 400
        assert b"X-Call-Id must be 1 to 200 visible ASCII characters" in answer
    assert queue.unknown == []


async def test_a_path_travels_as_it_was_written(
    gateway: aiohttp.ClientSession, queue: MemoryQueue
) -> None:
    """Decoded, a line's end in it would begin a header of the attacker's."""
    await deploy(gateway, deployment("echo"))
    path = "/a%0DX-Injected:%20yes/%2Fb"
    status, answer = await raw(gateway, posting("/function/echo" + path))
    assert status == 200
    heard = json.loads(re.search(rb"x-heard: (.*)\r\n", answer)[1])  # type: ignore[index]
    assert (heard.get("x-injected"), heard[":path"]) == (None, path)
    await raw(gateway, posting("/async-function/echo" + path))
    assert json.loads(queue.unknown[0][1])["Path"] == path


async def test_a_body_that_is_too_large_leaves_no_trace_of_an_unknown_name(
    gateway: aiohttp.ClientSession,
) -> None:
    """Or anybody could fill the metrics with names."""
    request = posting("/function/nonsense").replace(
        b"Content-Length: 0", b"Content-Length: 99999999"
    )
    assert (await raw(gateway, request))[0] == 413
    async with gateway.get("/metrics") as answer:
        assert "nonsense" not in await answer.text()


@pytest.mark.parametrize("header", ["Basic ü", "Basic \udcff", "Basic " + "A" * 10_001])
def test_credentials_that_are_no_ascii_are_refused(header: str) -> None:
    assert not allowed(header, "secret")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"envVars": {"A=B": "1"}}, "envVars: 'A=B' cannot be set"),
        ({"envVars": {"A": "\0"}}, "envVars: 'A' cannot be set"),
        ({"limits": {"memory": "9" * 400}}, "more than any memory"),
        ({"labels": {"com.openfaas.scale.max": "9" * 5000}}, "is a whole number, 0 to 10000"),
        ({"envVars": {"exec_timeout": "9" * 400 + "s"}}, "is longer than a year"),
    ],
)
async def test_a_deployment_that_could_not_run_is_400(
    gateway: aiohttp.ClientSession, change: dict[str, object], words: str
) -> None:
    plain = msgspec.to_builtins(deployment("echo"))
    body = json.dumps({"service": "echo", "image": plain["image"], **change})
    async with gateway.post("/system/functions", data=body, headers=LOGIN) as answer:
        assert answer.status == 400
        assert words in await answer.text()
    assert await get(gateway, "/system/functions") == []


async def test_a_secret_may_have_the_longest_name(gateway: aiohttp.ClientSession) -> None:
    body = json.dumps({"name": "s" * 253, "value": "v"})
    async with gateway.post("/system/secrets", data=body, headers=LOGIN) as answer:
        assert answer.status == 202


async def test_half_a_body_is_not_queued(
    gateway: aiohttp.ClientSession, queue: MemoryQueue, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that leaves in the middle has not asked for anything, and is nobody's defect."""
    await deploy(gateway, deployment("echo"))
    origin = URL(str(gateway._base_url))
    _, writer = await asyncio.open_connection(origin.host, origin.port)
    request = posting("/async-function/echo").replace(b"Content-Length: 0", b"Content-Length: 10")
    writer.write(request + b"half")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await raw(gateway, posting("/async-function/echo")))[0] == 202
    assert [json.loads(message)["Body"] for _, message, _ in queue.unknown] == [""]
    assert not caplog.records
