"""`/system/*` over any provider: served by providers and, behind a password, by the gateway."""

import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from faastraingym.embedded.contract import http, messages
from faastraingym.embedded.contract.auth import guard
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.contract.names import check_namespaces, function_name
from faastraingym.embedded.contract.provider import Provider
from faastraingym.embedded.errors import ProviderError
from faastraingym.events.delivery.answers import ANSWERED

Read = Callable[[web.Request], Awaitable[Any]]
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


def reads(path: str, summary: str, answer: Any, read: Read, *parameters: Parameter) -> Route:
    """A GET route that answers with the JSON of what `read` returns."""

    async def handle(request: web.Request) -> web.Response:
        body = msgspec.json.encode(await read(request))
        return web.Response(body=body, content_type="application/json")

    statuses = (200, 404) if parameters else (200,)
    return Route("GET", path, handle, summary, statuses, answer=answer, parameters=parameters)


def invokes(handler: http.Handler, *parameters: Parameter) -> Route:
    """The route of a function's own answers, of any method and path below its name."""
    path, statuses = r"/function/{name:[^/]+}{path:(/.*)?}", (404, 429, 502, 503, 504)
    return Route("*", path, handler, "Invoke", statuses, bytes, bytes, parameters=parameters)


def _changes(
    method: str,
    path: str,
    summary: str,
    example: Any,
    change: Callable[[Provider, Any], Awaitable[None]],
    *refused: int,
) -> Route:
    """A route that takes JSON of the example's kind; `refused`: its statuses beside 202 and 404."""

    async def handle(request: web.Request) -> web.Response:
        body = await http.decode(request, type(example))
        check_namespaces(request.query.get("namespace", ""), body.namespace)
        await change(request.app[PROVIDER], body)
        return web.Response(status=202)

    statuses, kind = (202, 404, *refused), type(example)
    return Route(
        method, path, handle, summary, statuses, kind, parameters=(NAMESPACED,), example=example
    )


async def _scale(request: web.Request) -> web.Response:
    body = await http.decode(request, messages.ScaleRequest)
    check_namespaces(body.namespace)
    await request.app[PROVIDER].scale(_name(request), body.replicas)
    return web.Response(status=202)


async def _secrets(request: web.Request) -> list[messages.Secret]:
    check_namespaces(request.query.get("namespace", ""))
    return await request.app[PROVIDER].secrets()


async def _logs(request: web.Request) -> web.StreamResponse:
    """ndjson, a line as soon as it is there."""
    lines = await request.app[PROVIDER].logs(log_query(request))
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    async for line in lines:
        await response.write(msgspec.json.encode(line) + b"\n")
    await response.write_eof()
    return response


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="OK")


async def statuses_of(request: web.Request) -> list[messages.FunctionStatus]:
    """The functions of the namespace that the query names."""
    check_namespaces(request.query.get("namespace", ""))
    return await request.app[PROVIDER].functions()


async def status_of(request: web.Request) -> messages.FunctionStatus:
    """The function that the path names."""
    usage = request.query.get("usage") in ("1", "true")
    return await request.app[PROVIDER].function(_name(request), usage)


def log_query(request: web.Request) -> messages.LogQuery:
    """The query of /system/logs; raises ProviderError: 400."""
    query = request.query
    if "name" not in query:
        raise ProviderError(400, "The query has no `name` of a function.")
    try:
        since = datetime.fromisoformat(query["since"]) if query.get("since") else None
        tail = int(query.get("tail", "-1"))
    except ValueError as error:
        raise ProviderError(400, f"`since` is RFC 3339, `tail` a number: {error}") from error
    return messages.LogQuery(
        name=function_name(query["name"], query.get("namespace", "")),
        instance=query.get("instance", ""),
        tail=tail,
        follow=query.get("follow") in ("1", "true"),
        since=since if since is None or since.tzinfo else since.replace(tzinfo=UTC),
    )


def _name(request: web.Request) -> str:
    return function_name(request.match_info["name"], request.query.get("namespace", ""))


NAME = Parameter("name", "name[.namespace]", "path", required=True, example="echo")
NAMESPACED = Parameter("namespace", f"empty or {messages.NAMESPACE}", example=messages.NAMESPACE)
_USAGE = Parameter("usage", "1: what its replicas use now, too")
_LOGS = (
    Parameter("name", "of the function", required=True, example="echo"),
    NAMESPACED,
    Parameter("instance", "of one replica only"),
    Parameter("tail", "that many of the last lines", example="10"),
    Parameter("follow", "1: those to come, too"),
    Parameter("since", "RFC 3339", example="2026-01-02T03:04:05Z"),
)
_FUNCTIONS, _FUNCTION = "/system/functions", "/system/function/{name}"
_SECRETS = "/system/secrets"
_DEPLOYED = messages.FunctionDeployment(service="sample", image="example/echo:1")
_SECRET = messages.Secret("sample", value="something")


def routes(
    functions: Read,
    function: Read,
    info: Read,
    about: type[messages.ProviderInfo | messages.GatewayInfo],
) -> tuple[Route, ...]:
    """`/system/*` and `/healthz`; who serves them reads functions and itself in its own way."""
    return (
        reads(_FUNCTIONS, "List functions", list[messages.FunctionStatus], functions, NAMESPACED),
        _changes("POST", _FUNCTIONS, "Deploy a function", _DEPLOYED, lambda p, new: p.deploy(new)),
        _changes("PUT", _FUNCTIONS, "Update a function", _DEPLOYED, lambda p, new: p.update(new)),
        _changes(
            "DELETE",
            _FUNCTIONS,
            "Delete a function",
            messages.DeleteRequest("sample"),
            lambda p, old: p.delete(function_name(old.function_name)),
        ),
        reads(
            _FUNCTION,
            "A function's status",
            messages.FunctionStatus,
            function,
            NAME,
            NAMESPACED,
            _USAGE,
        ),
        Route(
            "POST",
            "/system/scale-function/{name}",
            _scale,
            "Scale a function",
            (202, 404),
            messages.ScaleRequest,
            parameters=(NAME, NAMESPACED),
            example=messages.ScaleRequest(1, "echo"),
        ),
        reads(_SECRETS, "List secrets, names only", list[messages.Secret], _secrets, NAMESPACED),
        _changes(
            "POST", _SECRETS, "Create a secret", _SECRET, lambda p, new: p.create_secret(new), 409
        ),
        _changes("PUT", _SECRETS, "Update a secret", _SECRET, lambda p, new: p.update_secret(new)),
        _changes(
            "DELETE",
            _SECRETS,
            "Delete a secret",
            messages.Secret("sample"),
            lambda p, old: p.delete_secret(old.name),
            409,
        ),
        Route(
            "GET",
            "/system/logs",
            _logs,
            "A function's log lines, ndjson",
            (200, 404),
            media="application/x-ndjson",
            parameters=_LOGS,
        ),
        reads("/system/info", "Provider and version", about, info),
        reads(
            "/system/namespaces", "Namespaces", list[str], lambda r: r.app[PROVIDER].namespaces()
        ),
        Route("GET", "/healthz", _healthz, "Whether this server answers", media="text/plain"),
        Route("HEAD", "/healthz", _healthz, "The same, without a body", media="text/plain"),
    )


def application(
    routes: Iterable[Route], provider: Provider, password: str, limits: http.Limits, budget: Budget
) -> web.Application:
    """The routes over a provider; `/system/*` and `/ui/` behind the password."""
    app = web.Application(middlewares=[http.errors, guard(password)])
    app[PROVIDER], app[http.LIMITS], app[http.BUDGET] = provider, limits, budget
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)
    return app


async def invoke(
    provider: Provider, name: str, call: messages.Request
) -> tuple[messages.Response, float]:
    """The function's answer or a refusal, and its seconds; raises ProviderError: 404, unknown."""
    began = time.perf_counter()
    try:
        answer = await provider.invoke(name, call)
        if header := http.not_text(answer.headers):
            text = f"The function's header {header} is not UTF-8."
            raise ProviderError(502, text, replica=ANSWERED)
    except ProviderError as error:
        if error.status == 404:
            raise
        answer = http.refusal(error)
    seconds = time.perf_counter() - began
    return http.marked(answer, [("X-Duration-Seconds", f"{seconds:.6f}")]), seconds
