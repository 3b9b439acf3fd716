"""`/system/*` over any provider: served by providers and, behind a password, by the gateway."""

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from aiohttp import web

from embedded.contract import http
from embedded.contract.messages import (
    DeleteRequest,
    FunctionDeployment,
    FunctionStatus,
    LogQuery,
    ScaleRequest,
    Secret,
)
from embedded.contract.names import function_name
from embedded.contract.provider import Provider
from embedded.errors import ProviderError

PROVIDER: web.AppKey[Provider] = web.AppKey("provider")


class Route(NamedTuple):
    """One operation, as data: it is served from this and documented from this."""

    method: str
    path: str
    handler: http.Handler
    summary: str
    statuses: tuple[int, ...] = (200,)


async def list_functions(request: web.Request) -> web.Response:
    """GET /system/functions."""
    return http.json(await request.app[PROVIDER].functions())


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
    await request.app[PROVIDER].delete(function_name(body.function_name, body.namespace))
    return web.Response(status=202)


async def get_function(request: web.Request) -> web.Response:
    """GET /system/function/{name}."""
    return http.json(await status_of(request))


async def scale(request: web.Request) -> web.Response:
    """POST /system/scale-function/{name}."""
    body = await http.decode(request, ScaleRequest)
    await request.app[PROVIDER].scale(_name(request), body.replicas)
    return web.Response(status=202)


async def list_secrets(request: web.Request) -> web.Response:
    """GET /system/secrets."""
    return http.json(await request.app[PROVIDER].secrets())


async def create_secret(request: web.Request) -> web.Response:
    """POST /system/secrets."""
    await request.app[PROVIDER].create_secret(await http.decode(request, Secret))
    return web.Response(status=202)


async def update_secret(request: web.Request) -> web.Response:
    """PUT /system/secrets."""
    await request.app[PROVIDER].update_secret(await http.decode(request, Secret))
    return web.Response(status=202)


async def delete_secret(request: web.Request) -> web.Response:
    """DELETE /system/secrets."""
    secret = await http.decode(request, Secret)
    await request.app[PROVIDER].delete_secret(secret.name)
    return web.Response(status=202)


async def logs(request: web.Request) -> web.StreamResponse:
    """GET /system/logs: ndjson, a line as soon as it is there."""
    lines = request.app[PROVIDER].logs(log_query(request))
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
    function_name(deployment.service, deployment.namespace)
    return deployment


ROUTES = (
    Route("GET", "/system/functions", list_functions, "List functions"),
    Route("POST", "/system/functions", deploy, "Deploy a function", (202, 400)),
    Route("PUT", "/system/functions", update, "Update a function", (202, 400, 404)),
    Route("DELETE", "/system/functions", delete, "Delete a function", (202, 400, 404)),
    Route("GET", "/system/function/{name}", get_function, "A function's status", (200, 404)),
    Route("POST", "/system/scale-function/{name}", scale, "Scale a function", (202, 400, 404)),
    Route("GET", "/system/secrets", list_secrets, "List secrets, names only"),
    Route("POST", "/system/secrets", create_secret, "Create a secret", (202, 400, 409)),
    Route("PUT", "/system/secrets", update_secret, "Update a secret", (202, 400, 404)),
    Route("DELETE", "/system/secrets", delete_secret, "Delete a secret", (202, 404)),
    Route("GET", "/system/logs", logs, "A function's log lines, ndjson", (200, 400, 404)),
    Route("GET", "/system/info", info, "Provider and version"),
    Route("GET", "/system/namespaces", namespaces, "Namespaces"),
    Route("GET", "/healthz", healthz, "Whether this server answers"),
)
