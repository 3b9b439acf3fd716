"""aiohttp on our terms: errors as answers, bodies as structs, bounds on both."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from aiohttp import web
from multidict import CIMultiDict

from embedded.contract.headers import end_to_end
from embedded.contract.messages import Request, Response
from embedded.errors import ProviderError

MAX_BODY_BYTES = 16 << 20
BODY_TIMEOUT = 30.0  # seconds in which a body must have arrived

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
T = TypeVar("T")


def text(status: int, message: str, retry_after: int | None = None) -> web.Response:
    """A plain answer, ended by a newline."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return web.Response(status=status, text=message.rstrip("\n") + "\n", headers=headers)


def json(value: Any, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(
        status=status, body=msgspec.json.encode(value), content_type="application/json"
    )


async def read(request: web.Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """The body.

    Raises:
        ProviderError: 413 over the limit, 408 when it comes too slowly.
    """
    if not request.body_exists:
        return b""
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            body = await request.read()
    except TimeoutError as error:
        raise ProviderError(408, f"The body took longer than {BODY_TIMEOUT:.0f} s.") from error
    except web.HTTPRequestEntityTooLarge as error:
        raise _too_large(limit) from error
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> ProviderError:
    return ProviderError(413, f"The body is larger than {limit} bytes.")


async def decode(request: web.Request, kind: type[T]) -> T:
    """The body as a struct.

    Raises:
        ProviderError: 400, naming the field.
    """
    return parse(await read(request), kind)


def parse(body: bytes, kind: type[T]) -> T:
    """JSON as a struct.

    Raises:
        ProviderError: 400, naming the field.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderError(400, f"The body is not a {kind.__name__}: {error}") from error


async def invocation(request: web.Request, limit: int = MAX_BODY_BYTES) -> Request:
    """A request to `/.../{name}{path}` as a function gets it."""
    path = request.match_info.get("path") or "/"
    query = request.rel_url.raw_query_string
    return Request(
        request.method,
        f"{path}?{query}" if query else path,
        end_to_end(request.headers.items()),
        await read(request, limit),
    )


def answer(response: Response) -> web.Response:
    """A function's answer as ours.

    Raises:
        ProviderError: 502, it has headers that cannot be passed on.
    """
    for name, value in response.headers:
        if not _is_text(value):
            raise ProviderError(502, f"The function's header {name} is not UTF-8.")
    return web.Response(
        status=response.status, headers=CIMultiDict(response.headers), body=response.body
    )


def _is_text(value: str) -> bool:
    """Whether a header's value was UTF-8: aiohttp keeps other bytes as lone surrogates."""
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """ProviderError becomes its answer; headers that cannot be passed on are refused."""
    try:
        for name, value in request.headers.items():
            if not _is_text(value):
                raise ProviderError(400, f"The header {name} is not UTF-8.")
        return await handler(request)
    except ProviderError as error:
        return text(error.status, error.text, error.retry_after)


def runner(app: web.Application) -> web.AppRunner:
    """A runner with bounded headers; connections stay open between invocations."""
    return web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,  # bodies travel as they came, with their Content-Encoding
        keepalive_timeout=3600.0,
        max_line_size=16384,
        max_field_size=16384,
        shutdown_timeout=1.0,
    )
