"""OpenFaaS's public API, over real replicas."""

import base64
import gzip
import json
import re
import uuid
from typing import Any

import aiohttp
import msgspec
import pytest
import yarl

from faastraingym.embedded.contract.auth import allowed
from faastraingym.embedded.contract.messages import FunctionDeployment
from faastraingym.embedded.contract.system import Route
from faastraingym.embedded.gateway.app import GATEWAY_ROUTES
from faastraingym.embedded.provider.api import PROVIDER_ROUTES
from faastraingym.embedded.provider.provider import ProcessProvider
from tests.embedded.support import LOGIN, PASSWORD, MemoryQueue, deployment


async def deploy(gateway: aiohttp.ClientSession, wanted: FunctionDeployment) -> None:
    body = msgspec.json.encode(wanted)
    async with gateway.post("/system/functions", data=body, headers=LOGIN) as answer:
        assert answer.status == 202, await answer.text()


async def get(gateway: aiohttp.ClientSession, path: str) -> Any:
    async with gateway.get(path, headers=LOGIN) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json(content_type=None)


async def test_a_function_is_deployed_listed_invoked_and_deleted(
    gateway: aiohttp.ClientSession,
) -> None:
    """The life of a function, as faas-cli drives it."""
    body = msgspec.json.encode(deployment("echo"))
    async with gateway.put("/system/functions", data=body, headers=LOGIN) as answer:
        assert answer.status == 404  # faas-cli then posts
    await deploy(gateway, deployment("echo"))
    call_id = {"X-Call-Id": "my-own", "X-Status": "418"}
    async with gateway.post("/function/echo.openfaas-fn/a?b=c", data=b"hi", headers=call_id) as got:
        assert (got.status, await got.read()) == (418, b"hi")
        assert got.headers["X-Call-Id"] == "my-own"
        assert got.headers["Content-Type"] == "application/msgpack"
        heard = json.loads(got.headers["x-heard"])
    assert heard["x-call-id"] == "my-own"
    assert int(heard["x-start-time"]) > 1.7e18
    (listed,) = await get(gateway, "/system/functions")
    assert (listed["name"], listed["namespace"], listed["replicas"]) == ("echo", "openfaas-fn", 1)
    assert listed["invocationCount"] == 1
    assert (await get(gateway, "/system/function/echo"))["image"] == "example/echo:1"
    body = b'{"functionName": "echo"}'
    async with gateway.delete("/system/functions", data=body, headers=LOGIN) as answer:
        assert answer.status == 202
    async with gateway.get("/function/echo") as answer:
        assert answer.status == 404


GUARDED = [route for route in GATEWAY_ROUTES if route.path.startswith(("/system", "/ui"))]


def test_what_is_open_is_a_short_list() -> None:
    """A new route is guarded, or somebody has thought about it."""
    paths = {route.path.partition("{")[0] for route in GATEWAY_ROUTES if route not in GUARDED}
    assert paths == {
        "/",
        "/function/",
        "/async-function/",
        "/healthz",
        "/metrics",
        "/openapi.json",
    }


@pytest.mark.parametrize(
    ("served_by", "route"),
    [("gateway", route) for route in GUARDED]
    + [("provider", route) for route in PROVIDER_ROUTES if route.path.startswith("/system")],
    ids=lambda value: value if isinstance(value, str) else f"{value.method} {value.path}",
)
async def test_administration_needs_the_password(
    gateway: aiohttp.ClientSession,
    provider_client: aiohttp.ClientSession,
    served_by: str,
    route: Route,
) -> None:
    """401 without it and with another one, on every route; functions are open."""
    client = gateway if served_by == "gateway" else provider_client
    method, path = route.method, route.path.replace("{name}", "echo")
    wrong = {"Authorization": aiohttp.encode_basic_auth("admin", "guess")}
    for headers in ({}, wrong):
        async with client.request(method, path, headers=headers, data=b"{}") as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith("Basic")
    async with gateway.get("/function/absent") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    "path",
    [
        "//system/functions",
        "/%73ystem/functions",
        "/function/../system/functions",
        "/SYSTEM/functions",
    ],
)
async def test_no_way_of_writing_a_path_goes_around_the_password(
    gateway: aiohttp.ClientSession, path: str
) -> None:
    """Encoded, doubled or climbing."""
    async with gateway.get("/healthz") as healthy:
        url = yarl.URL(f"{healthy.url.origin()}{path}", encoded=True)
    async with gateway.get(url) as answer:
        assert answer.status in (400, 401, 404)


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!", "Bearer x", "Basic YWRtaW46"])
def test_odd_credentials_are_refused(header: str) -> None:
    """Malformed ones too."""
    assert not allowed(header, PASSWORD)
    assert allowed(LOGIN["Authorization"], PASSWORD)


async def test_an_asynchronous_invocation_is_queued(
    gateway: aiohttp.ClientSession, queue: MemoryQueue
) -> None:
    """202, an empty body, a call id; the queue holds an OpenFaaS queue request."""
    await deploy(gateway, deployment("echo"))
    headers = {"X-Twice": "1"}
    async with gateway.post("/async-function/echo/a?b=c", data=b"\x00", headers=headers) as answer:
        assert (answer.status, await answer.read()) == (202, b"")
        call_id = answer.headers["X-Call-Id"]
    assert uuid.UUID(call_id)
    ((function, message, message_id),) = queue.unknown
    request = json.loads(message)
    assert (function, request["Function"]) == ("echo", "echo")
    assert re.fullmatch("[0-9a-f]{64}", message_id)  # a NATS token
    assert base64.b64decode(request["Body"]) == b"\x00"
    assert (request["Method"], request["Path"], request["QueryString"]) == ("POST", "/a", "b=c")
    assert request["Header"]["X-Twice"] == ["1"]
    assert request["Header"]["X-Call-Id"] == [call_id]


async def test_an_asynchronous_invocation_is_queued_as_it_was_written(
    gateway: aiohttp.ClientSession, queue: MemoryQueue
) -> None:
    """Path and query byte by byte; and who asked, behind whom he names."""
    await deploy(gateway, deployment("echo"))
    target = yarl.URL("/async-function/echo/a%2Fb//c/%7Ed?q=%20+&r", encoded=True)
    proxied = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Host": "faas.example.com"}
    async with gateway.post(target, data=b"", headers=proxied) as answer:
        assert answer.status == 202
    request = json.loads(queue.unknown[0][1])
    assert (request["Path"], request["QueryString"]) == ("/a%2Fb//c/%7Ed", "q=%20+&r")
    header = request["Header"]
    assert header["X-Forwarded-For"] == ["203.0.113.7, 127.0.0.1"]
    assert header["X-Forwarded-Host"] == [f"faas.example.com, {request['Host']}"]


async def test_an_asynchronous_invocation_without_callback_has_none(
    gateway: aiohttp.ClientSession, queue: MemoryQueue
) -> None:
    """The field is absent, as the queue-worker expects."""
    await deploy(gateway, deployment("echo"))
    async with gateway.post("/async-function/echo", data=b"") as answer:
        assert answer.status == 202
    assert "CallbackUrl" not in json.loads(queue.unknown[0][1])


async def test_what_cannot_be_queued_is_refused(
    gateway: aiohttp.ClientSession, queue: MemoryQueue
) -> None:
    """404, 413, 400, and 503 with Retry-After when the broker is away."""
    await deploy(gateway, deployment("echo"))
    call = "/async-function/echo"
    async with gateway.post("/async-function/absent", data=b"") as answer:
        assert answer.status == 404
    async with gateway.post(call, data=b"x" * 256_001) as answer:
        assert answer.status == 413
    for url in ("ftp://x/", "nothing", "http://"):
        async with gateway.post(call, data=b"", headers={"X-Callback-Url": url}) as answer:
            assert answer.status == 400
            assert "X-Callback-Url" in await answer.text()
    assert queue.requests + queue.unknown == []
    queue.away = True
    async with gateway.post(call, data=b"") as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"]


async def test_secrets_never_come_back(gateway: aiohttp.ClientSession) -> None:
    """Names only, whatever was written; 409 on the second creation."""
    body = b'{"name": "s", "value": "hidden"}'
    for status in (202, 409):
        async with gateway.post("/system/secrets", data=body, headers=LOGIN) as answer:
            assert answer.status == status
    assert await get(gateway, "/system/secrets") == [{"name": "s", "namespace": "openfaas-fn"}]
    async with gateway.delete("/system/secrets", data=b'{"name": "s"}', headers=LOGIN) as answer:
        assert answer.status == 202
    assert await get(gateway, "/system/secrets") == []


async def test_scaling_by_hand(gateway: aiohttp.ClientSession, provider: ProcessProvider) -> None:
    """202 within the labels' bounds, 400 above."""
    await deploy(gateway, deployment("echo", high=2))
    for wanted, status in ((2, 202), (3, 400)):
        body = json.dumps({"serviceName": "echo", "replicas": wanted})
        path = "/system/scale-function/echo"
        async with gateway.post(path, data=body, headers=LOGIN) as answer:
            assert answer.status == status
    assert (await provider.function("echo")).replicas == 2


async def test_log_lines_are_ndjson(gateway: aiohttp.ClientSession) -> None:
    """Name, namespace, instance, timestamp and text; 404 for an unknown function."""
    await deploy(gateway, deployment("chatter"))
    async with gateway.post("/function/chatter", data=b"spoken") as answer:
        assert answer.status == 204
    path = "/system/logs?name=chatter&follow=1"
    async with gateway.get(path, headers=LOGIN) as answer:
        lines = [json.loads(await answer.content.readline()) for _ in range(2)]
    assert {line["text"] for line in lines} == {"spoken", "and aside"}
    assert set(lines[0]) == {"name", "namespace", "instance", "timestamp", "text"}
    async with gateway.get("/system/logs?name=absent", headers=LOGIN) as answer:
        assert answer.status == 404


async def test_bodies_travel_as_they_came(gateway: aiohttp.ClientSession) -> None:
    """A compressed body stays compressed; its header says so to the function."""
    await deploy(gateway, deployment("echo"))
    packed = gzip.compress(b"abc")
    headers = {"Content-Encoding": "gzip"}
    async with gateway.post("/function/echo", data=packed, headers=headers) as answer:
        assert await answer.read() == packed
        assert json.loads(answer.headers["x-heard"])["content-encoding"] == "gzip"


async def test_metrics_have_openfaas_names(gateway: aiohttp.ClientSession) -> None:
    """And its types and labels, beside few of ours; unknown names leave no trace."""
    await deploy(gateway, deployment("echo"))
    async with gateway.post("/function/echo", data=b"") as answer:
        assert answer.status == 200
    async with gateway.post("/function/nonsense", data=b"") as answer:
        assert answer.status == 404
    async with gateway.get("/metrics") as answer:
        text = await answer.text()
    by = 'function_name="echo.openfaas-fn"'
    assert f'gateway_function_invocation_total{{code="200",{by}}} 1.0' in text
    assert f"gateway_function_invocation_started{{{by}}} 1.0" in text
    assert f"gateway_service_count{{{by}}} 1.0" in text
    assert f'gateway_functions_seconds_count{{code="200",{by}}} 1.0' in text
    assert "nonsense" not in text
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert types == {
        "gateway_functions_seconds": "histogram",
        "gateway_function_invocation_total": "counter",
        "gateway_function_invocation_started": "counter",
        "gateway_service_count": "gauge",
        "faastrain_gateway_body_bytes": "gauge",
        "faastrain_gateway_connections": "gauge",
        "faastrain_gateway_refused_total": "counter",
    }


async def test_the_rest_of_the_contract_answers(gateway: aiohttp.ClientSession) -> None:
    """Health, provider, namespaces, the page, the API's description."""
    async with gateway.get("/healthz") as answer:
        assert answer.status == 200
    assert (await get(gateway, "/system/info"))["provider"]["orchestration"] == "processes"
    assert await get(gateway, "/system/namespaces") == ["openfaas-fn"]
    async with gateway.get("/ui/", headers=LOGIN) as answer:
        assert "<table>" in await answer.text()
    described = (await get(gateway, "/openapi.json"))["paths"]
    assert set(described["/system/functions"]) == {"get", "post", "put", "delete"}
    assert "/function/{name}" in described


@pytest.mark.parametrize("body", [b"", b"{", b'{"service": "echo"}', b'{"service": 1}'])
async def test_a_malformed_deployment_is_400(gateway: aiohttp.ClientSession, body: bytes) -> None:
    """The answer says what is wrong with the body."""
    async with gateway.post("/system/functions", data=body, headers=LOGIN) as answer:
        assert answer.status == 400
        assert "FunctionDeployment" in await answer.text()
