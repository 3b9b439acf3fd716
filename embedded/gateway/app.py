"""The gateway's application: routes as data, assembled once."""

import html
import platform
from typing import Any

from aiohttp import web

from faastraingym import __version__
from faastraingym.embedded.contract import http, system
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.contract.http import BUDGET, DEFAULT_LIMITS, Limits
from faastraingym.embedded.contract.messages import FunctionStatus, GatewayInfo, Version
from faastraingym.embedded.contract.provider import Provider
from faastraingym.embedded.contract.serving import FRONT
from faastraingym.embedded.contract.system import PROVIDER, Parameter, Route, reads
from faastraingym.embedded.gateway import openapi
from faastraingym.embedded.gateway.async_admission import DEFAULT_ADMISSION, AsyncAdmission
from faastraingym.embedded.gateway.fast_path import FastPaths
from faastraingym.embedded.gateway.invoke import (
    CALLBACK,
    INVOCATIONS,
    METRICS,
    Invocations,
    Queue,
    asynchronous,
    synchronous,
)
from faastraingym.embedded.gateway.metrics import Metrics
from faastraingym.events.delivery.requests import CALL_ID, SIGNATURE


async def _functions(request: web.Request) -> list[FunctionStatus]:
    return [_counted(request, status) for status in await system.statuses_of(request)]


async def _function(request: web.Request) -> FunctionStatus:
    return _counted(request, await system.status_of(request))


async def _info(request: web.Request) -> GatewayInfo:
    provider = await request.app[PROVIDER].info()
    return GatewayInfo(provider, Version(__version__), platform.machine())


async def _metrics(request: web.Request) -> web.Response:
    functions = await request.app[PROVIDER].functions()
    text = request.app[METRICS].render(functions, request.app[BUDGET])
    return web.Response(
        body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    )


async def _ui(request: web.Request) -> web.Response:
    functions = [_counted(request, f) for f in await request.app[PROVIDER].functions()]
    return web.Response(text=page(functions), content_type="text/html")


async def _root(_: web.Request) -> web.Response:
    return http.text(301, "The functions are listed at /ui/.", {"Location": "/ui/"})


async def _document(_: web.Request) -> dict[str, Any]:
    return openapi.document(GATEWAY_ROUTES)


def page(functions: list[FunctionStatus]) -> str:
    """One table."""
    rows = "".join(
        f"<tr><td>{html.escape(f.name)}<td>{f.available_replicas}/{f.replicas}"
        f"<td>{f.invocation_count:.0f}<td>{html.escape(f.image)}"
        for f in functions
    )
    return (
        "<!doctype html><meta charset=utf-8><title>Functions</title>"
        "<style>body{font:15px system-ui;margin:2em}td,th{padding:.3em 1em;text-align:left}</style>"
        f"<h1>Functions</h1><table><tr><th>Name<th>Replicas<th>Invocations<th>Image{rows}</table>"
    )


def application(
    provider: Provider,
    queue: Queue,
    password: str,
    limits: Limits = DEFAULT_LIMITS,
    async_admission: AsyncAdmission = DEFAULT_ADMISSION,
    budget: Budget | None = None,
) -> web.Application:
    """OpenFaaS's public API over a provider and a queue."""
    metrics, budget = Metrics(), budget or Budget()
    budget.on_refusal = metrics.refused
    app = system.application(GATEWAY_ROUTES, provider, password, limits, budget)
    app[METRICS] = metrics
    app[INVOCATIONS] = Invocations(provider, queue, metrics, async_admission)
    app[FRONT] = FastPaths
    return app


def _counted(request: web.Request, status: FunctionStatus) -> FunctionStatus:
    status.invocation_count = float(request.app[METRICS].count(status.name))
    return status


_CALL = (system.NAME, Parameter(CALL_ID, "the call's id; none: a new one", "header"))
_LATER = (
    *_CALL,
    Parameter(CALLBACK, "an http or https URL that is told the answer", "header"),
    Parameter(SIGNATURE, "t=<Unix seconds>,v1=<hex>, or v2=<hex> (docs/triggers.md)", "header"),
)
GATEWAY_ROUTES = (
    system.invokes(synchronous, *_CALL),
    Route(
        "POST",
        r"/async-function/{name:[^/]+}{path:(/.*)?}",
        asynchronous,
        "Invoke later",
        (202, 401, 403, 404, 429, 503),
        body=bytes,
        parameters=_LATER,
    ),
    *system.routes(_functions, _function, _info, GatewayInfo),
    Route("GET", "/metrics", _metrics, "Metrics in Prometheus's text format", media="text/plain"),
    Route("GET", "/ui/", _ui, "A page that lists the functions", media="text/html"),
    Route("GET", "/", _root, "Leads to /ui/", (301,)),
    reads("/openapi.json", "This document", dict[str, Any], _document),
)
