"""The provider's own HTTP server: the contract, on loopback."""

import time

from aiohttp import web

from faastraingym.embedded.contract import http, system
from faastraingym.embedded.contract.auth import guard
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.contract.names import function_name
from faastraingym.embedded.contract.provider import Provider
from faastraingym.embedded.errors import ProviderError


async def invoke(request: web.Request) -> web.StreamResponse:
    """Any method on /function/{name}[/path]."""
    name = function_name(request.match_info["name"])
    call, began = await http.invocation(request), time.perf_counter()
    try:
        answer = http.sendable(await request.app[system.PROVIDER].invoke(name, call))
    except ProviderError as error:
        if error.status == 404:
            raise
        answer = http.refusal(error)
    return http.answer(http.marked(answer, [http.duration(time.perf_counter() - began)]))


def application(
    provider: Provider,
    password: str,
    limits: http.Limits = http.DEFAULT_LIMITS,
    budget: Budget | None = None,
) -> web.Application:
    """The faas-provider contract over a provider, guarded as the gateway is."""
    guards = [http.errors, guard(password)]
    app = web.Application(middlewares=guards)
    app[http.LIMITS], app[http.BUDGET] = limits, budget or Budget()
    app[system.PROVIDER] = provider
    for route in PROVIDER_ROUTES:
        app.router.add_route(route.method, route.path, route.handler)
    return app


PROVIDER_ROUTES = (
    system.Route(
        "*",
        r"/function/{name:[^/]+}{path:(/.*)?}",
        invoke,
        "Invoke",
        (404, 429, 502, 503, 504),
        body=bytes,
        answer=bytes,
        parameters=(system.NAME,),
    ),
    *system.ROUTES,
)
