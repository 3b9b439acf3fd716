"""The provider's own HTTP server: the contract, on loopback."""

from aiohttp import web

from faastraingym.embedded.contract import http, system
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.contract.messages import ProviderInfo
from faastraingym.embedded.contract.names import function_name
from faastraingym.embedded.contract.provider import Provider


async def _invoke(request: web.Request) -> web.StreamResponse:
    name = function_name(request.match_info["name"])
    call = await http.invocation(request)
    answer, _ = await system.invoke(request.app[system.PROVIDER], name, call)
    return http.answer(answer)


async def _info(request: web.Request) -> ProviderInfo:
    return await request.app[system.PROVIDER].info()


def application(
    provider: Provider,
    password: str,
    limits: http.Limits = http.DEFAULT_LIMITS,
    budget: Budget | None = None,
) -> web.Application:
    """The faas-provider contract over a provider, guarded as the gateway is."""
    return system.application(PROVIDER_ROUTES, provider, password, limits, budget or Budget())


PROVIDER_ROUTES = (
    system.invokes(_invoke, system.NAME),
    *system.routes(system.statuses_of, system.status_of, _info, ProviderInfo),
)
