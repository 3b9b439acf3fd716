"""The provider's own HTTP server: the contract, on loopback."""

from aiohttp import web

from embedded.contract import http, system
from embedded.contract.auth import guard
from embedded.contract.budget import Budget
from embedded.contract.names import function_name
from embedded.contract.provider import Provider


async def invoke(request: web.Request) -> web.StreamResponse:
    """Any method on /function/{name}[/path]."""
    name = function_name(request.match_info["name"])
    provider = request.app[system.PROVIDER]
    answer = await provider.invoke(name, await http.invocation(request))
    return http.answer(http.sendable(answer))


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
        (404, 502, 503, 504),
        body=bytes,
        answer=bytes,
        parameters=(system.NAME,),
    ),
    *system.ROUTES,
)
