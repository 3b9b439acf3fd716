"""Basic auth on administrative routes; functions are open, as OpenFaaS leaves them."""

import base64
import hmac
from typing import Any

from aiohttp import web

from faastraingym.embedded.contract.http import Handler, text
from faastraingym.embedded.credentials import GATEWAY_USER

_GUARDED = ("/system/", "/ui")


def allowed(authorization: str, password: str) -> bool:
    """Whether a header `Authorization` names the user and the password."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except ValueError:  # no base64, or not even ASCII
        return False
    is_ours = hmac.compare_digest(given, f"{GATEWAY_USER}:{password}".encode())
    return scheme.lower() == "basic" and is_ours


def guard(password: str) -> Any:
    """Middleware that answers 401 on /system/ and /ui without the password."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(_GUARDED) and not allowed(
            request.headers.get("Authorization", ""), password
        ):
            why = "The user is admin; the password is in the stack's file gateway-password."
            return text(401, why, {"WWW-Authenticate": 'Basic realm="OpenFaaS"'})
        return await handler(request)

    return guarded


def authorization(password: str) -> str:
    """The header `Authorization` that a client of ours sends."""
    token = base64.b64encode(f"{GATEWAY_USER}:{password}".encode()).decode()
    return f"Basic {token}"
