"""`/system/*` over any provider: served by providers and, behind a password, by the gateway."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from faastraingym.embedded.contract import http
from faastraingym.embedded.contract.messages import (
    NAMESPACE,
    DeleteRequest,
    FunctionDeployment,
    FunctionStatus,
    LogQuery,
    ProviderInfo,
    ScaleRequest,
    Secret,
)
from faastraingym.embedded.contract.names import check_namespaces, function_name
from faastraingym.embedded.contract.provider import Provider
from faastraingym.embedded.errors import ProviderError

PROVIDER: web.AppKey[Provider] = web.AppKey("provider")


class Parameter(NamedTuple):
    """A parameter of a route's path, query or header."""

    name: str
    description: str
    place: str = "query"
    required: bool = False
    example: str = ""


class Route(NamedTuple):
    """One operation, as data: it is served from this and documented from this."""

    method: str
    path: str
    handler: http.Handler
    summary: str
    statuses: tuple[int, ...] = (200,)
    body: Any = None  # the JSON that it takes; bytes: as the function takes
    answer: Any = None  # the JSON of 200; bytes: the function's answer
    media: str = "application/json"  # of 200
    parameters: tuple[Parameter, ...] = ()
    example: Any = None  # of the body


async def list_functions(request: web.Request) -> web.Response:
    """GET /system/functions."""
    return http.json(await statuses_of(request))


async def deploy(request: web.Request) -> web.Response:
    """POST /system/functions."""
    await request.app[PROVIDER].deploy(await _deployment(request))
    return web.Response(status=202)


async def update(request: web.Request) -> web.Response:
    """PUT /system/functions."""
    await request.app[PROVIDER].update(await _deployment(request))
    return web.Response(status=202)


async def delete(request: web.Request) -> web.Response:
    """DELETE /system/functions."""
    body = await http.decode(request, DeleteRequest)
    _check_namespace(request)
    await request.app[PROVIDER].delete(function_name(body.function_name, body.namespace))
    return web.Response(status=202)


async def get_function(request: web.Request) -> web.Response:
    """GET /system/function/{name}."""
    return http.json(await status_of(request))


async def scale(request: web.Request) -> web.Response:
    """POST /system/scale-function/{name}."""
    body = await http.decode(request, ScaleRequest)
    _check_namespace(request, body.namespace)
    await request.app[PROVIDER].scale(_name(request), body.replicas)
    return web.Response(status=202)


async def list_secrets(request: web.Request) -> web.Response:
    """GET /system/secrets."""
    _check_namespace(request)
    return http.json(await request.app[PROVIDER].secrets())


async def create_secret(request: web.Request) -> web.Response:
    """POST /system/secrets."""
    await request.app[PROVIDER].create_secret(await _secret(request))
    return web.Response(status=202)


async def update_secret(request: web.Request) -> web.Response:
    """PUT /system/secrets."""
    await request.app[PROVIDER].update_secret(await _secret(request))
    return web.Response(status=202)


async def delete_secret(request: web.Request) -> web.Response:
    """DELETE /system/secrets."""
    await request.app[PROVIDER].delete_secret((await _secret(request)).name)
    return web.Response(status=202)


async def logs(request: web.Request) -> web.StreamResponse:
    """GET /system/logs: ndjson, a line as soon as it is there."""
    lines = await request.app[PROVIDER].logs(log_query(request))
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    async for line in lines:
        await response.write(msgspec.json.encode(line) + b"\n")
    await response.write_eof()
    return response


async def info(request: web.Request) -> web.Response:
    """GET /system/info."""
    return http.json(await request.app[PROVIDER].info())


async def namespaces(request: web.Request) -> web.Response:
    """GET /system/namespaces."""
    return http.json(await request.app[PROVIDER].namespaces())


async def healthz(_: web.Request) -> web.Response:
    """GET /healthz."""
    return web.Response(text="OK")


async def statuses_of(request: web.Request) -> list[FunctionStatus]:
    """The functions of the namespace that the query names."""
    _check_namespace(request)
    return await request.app[PROVIDER].functions()


async def status_of(request: web.Request) -> FunctionStatus:
    """The function that the path names."""
    usage = request.query.get("usage") in ("1", "true")
    return await request.app[PROVIDER].function(_name(request), usage)


def log_query(request: web.Request) -> LogQuery:
    """The query of /system/logs.

    Raises:
        ProviderError: 400.
    """
    query = request.query
    if "name" not in query:
        raise ProviderError(400, "The query has no `name` of a function.")
    try:
        since = datetime.fromisoformat(query["since"]) if query.get("since") else None
        tail = int(query.get("tail", "-1"))
    except ValueError as error:
        raise ProviderError(400, f"`since` is RFC 3339, `tail` a number: {error}") from error
    return LogQuery(
        name=function_name(query["name"], query.get("namespace", "")),
        instance=query.get("instance", ""),
        tail=tail,
        follow=query.get("follow") in ("1", "true"),
        since=since if since is None or since.tzinfo else since.replace(tzinfo=UTC),
    )


def _name(request: web.Request) -> str:
    return function_name(request.match_info["name"], request.query.get("namespace", ""))


async def _deployment(request: web.Request) -> FunctionDeployment:
    deployment = await http.decode(request, FunctionDeployment)
    _check_namespace(request)
    function_name(deployment.service, deployment.namespace)
    return deployment


async def _secret(request: web.Request) -> Secret:
    secret = await http.decode(request, Secret)
    _check_namespace(request, secret.namespace)
    return secret


def _check_namespace(request: web.Request, given: str = "") -> None:
    """Clients name it in the query or in the body; a foreign namespace must not mean ours."""
    check_namespaces(request.query.get("namespace", ""), given)


NAME = Parameter("name", "name[.namespace]", "path", required=True, example="echo")
_NAMESPACE = Parameter("namespace", f"empty or {NAMESPACE}", example=NAMESPACE)
_USAGE = Parameter("usage", "1: what its replicas use now, too")
_LOGS = (
    Parameter("name", "of the function", required=True, example="echo"),
    _NAMESPACE,
    Parameter("instance", "of one replica only"),
    Parameter("tail", "that many of the last lines", example="10"),
    Parameter("follow", "1: those to come, too"),
    Parameter("since", "RFC 3339", example="2026-01-02T03:04:05Z"),
)
_FUNCTIONS, _SECRETS = "/system/functions", "/system/secrets"
_DEPLOYMENT = FunctionDeployment
_DEPLOYED = FunctionDeployment(service="sample", image="example/echo:1")
_GIVEN = Secret("sample", value="something")
_SPACE = (_NAMESPACE,)
ROUTES = (
    Route(
        "GET",
        _FUNCTIONS,
        list_functions,
        "List functions",
        (200, 404),
        answer=list[FunctionStatus],
        parameters=_SPACE,
    ),
    Route(
        "POST",
        _FUNCTIONS,
        deploy,
        "Deploy a function",
        (202, 404),
        _DEPLOYMENT,
        parameters=_SPACE,
        example=_DEPLOYED,
    ),
    Route(
        "PUT",
        _FUNCTIONS,
        update,
        "Update a function",
        (202, 404),
        _DEPLOYMENT,
        parameters=_SPACE,
        example=_DEPLOYED,
    ),
    Route(
        "DELETE",
        _FUNCTIONS,
        delete,
        "Delete a function",
        (202, 404),
        DeleteRequest,
        parameters=_SPACE,
        example=DeleteRequest("sample"),
    ),
    Route(
        "GET",
        "/system/function/{name}",
        get_function,
        "A function's status",
        (200, 404),
        answer=FunctionStatus,
        parameters=(NAME, _NAMESPACE, _USAGE),
    ),
    Route(
        "POST",
        "/system/scale-function/{name}",
        scale,
        "Scale a function",
        (202, 404),
        ScaleRequest,
        parameters=(NAME, _NAMESPACE),
        example=ScaleRequest(1, "echo"),
    ),
    Route(
        "GET",
        _SECRETS,
        list_secrets,
        "List secrets, names only",
        (200, 404),
        answer=list[Secret],
        parameters=_SPACE,
    ),
    Route(
        "POST",
        _SECRETS,
        create_secret,
        "Create a secret",
        (202, 404, 409),
        Secret,
        parameters=_SPACE,
        example=_GIVEN,
    ),
    Route(
        "PUT",
        _SECRETS,
        update_secret,
        "Update a secret",
        (202, 404),
        Secret,
        parameters=_SPACE,
        example=_GIVEN,
    ),
    Route(
        "DELETE",
        _SECRETS,
        delete_secret,
        "Delete a secret",
        (202, 404, 409),
        Secret,
        parameters=_SPACE,
        example=Secret("sample"),
    ),
    Route(
        "GET",
        "/system/logs",
        logs,
        "A function's log lines, ndjson",
        (200, 404),
        media="application/x-ndjson",
        parameters=_LOGS,
    ),
    Route("GET", "/system/info", info, "Provider and version", answer=ProviderInfo),
    Route("GET", "/system/namespaces", namespaces, "Namespaces", answer=list[str]),
    Route("GET", "/healthz", healthz, "Whether this server answers", media="text/plain"),
    Route("HEAD", "/healthz", healthz, "The same, without a body", media="text/plain"),
)
