"""aiohttp on our terms: errors as answers, bodies as structs, bounds on both."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict

from embedded.contract.headers import end_to_end
from embedded.contract.messages import Request, Response
from embedded.errors import ProviderError

logger = logging.getLogger(__name__)

SHUTDOWN_SECONDS = 1.0  # for what is being served
LINGER = 2.0  # seconds in which what is left of a refused body is thrown away


class Limits(NamedTuple):
    """What one connection may take."""

    body_bytes: int = 16 << 20
    body_seconds: float = 30.0  # in which a body must have arrived
    # In which a request's head must have arrived, and that a connection is kept without a request:
    # longer than our own clients keep one, or they would write into a closed one.
    idle_seconds: float = 90.0


DEFAULT_LIMITS = Limits()
LIMITS: web.AppKey[Limits] = web.AppKey("limits")
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


async def read(request: web.Request, most: int | None = None) -> bytes:
    """The body; of at most `most` bytes where that is less than the server's own limit.

    Raises:
        ProviderError: 413 over the limit, 408 when it comes too slowly.
    """
    if not request.body_exists:
        return b""
    limit, seconds, _ = request.app[LIMITS]
    limit = limit if most is None else min(limit, most)
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise too_large(limit)
    except TimeoutError as error:
        raise ProviderError(408, f"The body took longer than {seconds:g} s.") from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise ProviderError(400, f"The body is ill-formed, or half of one: {error}") from error
    return bytes(body)


def too_large(limit: int) -> ProviderError:
    """413, with the limit."""
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


async def invocation(request: web.Request, most: int | None = None) -> Request:
    """A request to `/.../{name}{path}` as a function gets it."""
    # As it was written: decoded, it could hold what no request line may.
    _, _, _, *rest = request.rel_url.raw_path.split("/", 3)
    path = f"/{rest[0]}" if rest else "/"
    query = request.rel_url.raw_query_string
    return Request(
        request.method,
        f"{path}?{query}" if query else path,
        end_to_end(request.headers.items()),
        await read(request, most),
    )


def sendable(response: Response) -> Response:
    """A function's answer.

    Raises:
        ProviderError: 502, it has headers that cannot be passed on.
    """
    for name, value in response.headers:
        if not _is_text(value):
            raise ProviderError(502, f"The function's header {name} is not UTF-8.")
    return response


def answer(response: Response) -> web.Response:
    """An answer as aiohttp sends it."""
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


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a failure is worth a line: what is no HTTP was answered 400, and anybody sends it."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


logger.addFilter(_is_ours)


def runner(app: web.Application) -> web.AppRunner:
    """A runner within the application's limits; headers are bounded in size and number."""
    return web.AppRunner(
        app,
        access_log=None,
        logger=logger,
        auto_decompress=False,  # bodies travel as they came, with their Content-Encoding
        keepalive_timeout=app[LIMITS].idle_seconds,  # it counts from the connection's start
        lingering_time=LINGER,
        max_line_size=16384,
        max_field_size=16384,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
