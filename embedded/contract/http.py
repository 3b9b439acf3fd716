"""aiohttp on our terms: errors as answers, bodies as structs, bounds on both."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar, cast

import msgspec
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict

from faastraingym.embedded.contract import bodies
from faastraingym.embedded.contract.bodies import Body, Incoming, Spooled
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.contract.connections import MOST_OVERHEAD, Connection
from faastraingym.embedded.contract.headers import client, end_to_end, forwarded, without
from faastraingym.embedded.contract.messages import Request, Response
from faastraingym.embedded.errors import ProviderError

logger = logging.getLogger(__name__)

SHUTDOWN_SECONDS = 1.0  # for what is being served
MOST_HEADERS = 128
READ_BYTES = 16 << 10  # of a body that arrived; at twice as many its client has to wait
LINGER = 2.0  # seconds in which what is left of a refused body is thrown away


class Limits(NamedTuple):
    """The limits of one connection."""

    body_bytes: int = 16 << 20
    body_seconds: float = 30.0  # in which a body must have arrived
    # In which a request's head must have arrived, and that a connection is kept without a request:
    # longer than our own clients keep one, or they would write into a closed one.
    idle_seconds: float = 90.0


DEFAULT_LIMITS = Limits()
LIMITS: web.AppKey[Limits] = web.AppKey("limits")
BUDGET: web.AppKey[Budget] = web.AppKey("budget")
INCOMING: web.RequestKey[Incoming] = web.RequestKey("incoming", Incoming)
_ORIGIN = re.compile(r"\A\w+://[^/?]*")  # of a target that a proxy is asked for
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
T = TypeVar("T")


def text(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A plain answer, ended by a newline."""
    return web.Response(status=status, text=message.rstrip("\n") + "\n", headers=headers)


async def read(request: web.Request, most: int | None = None) -> Body:
    """The body, of at most `most` bytes; `errors` closes it.

    Raises ProviderError: 413 over the limit, 408 when it comes too slowly, 503 without room for it.
    """
    budget, connection = request.app[BUDGET], cast(Connection, request.protocol)
    if not request.body_exists:
        budget.begin(connection)
        return b""
    limit, seconds, _ = request.app[LIMITS]
    limit = limit if most is None else min(limit, most)
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    body = Incoming(budget, limit, too_large, request.content_length)
    request[INCOMING] = body
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.content.iter_any():
                if (writing := body.append(piece)) is not None:
                    await writing
    except TimeoutError as error:
        raise ProviderError(408, f"The body took longer than {seconds:g} s.") from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise ProviderError(400, f"The body is ill-formed, or half of one: {error}") from error
    budget.begin(connection)
    return body.body()


def too_large(limit: int) -> ProviderError:
    """413, with the limit."""
    return ProviderError(413, f"The body is larger than {limit} bytes.")


async def decode(request: web.Request, kind: type[T]) -> T:
    """The body as a struct; raises ProviderError: 400, naming the field."""
    return parse(bodies.whole(await read(request)), kind)


def parse(body: bytes, kind: type[T]) -> T:
    """JSON as a struct; raises ProviderError: 400, naming the field."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderError(400, f"The body is not a {kind.__name__}: {error}") from error


async def invocation(request: web.Request, most: int | None = None) -> Request:
    """A request to `/.../{name}{path}` as a function gets it."""
    # As it was written: decoded, it could hold characters that no request line may have.
    target = _ORIGIN.sub("", request.raw_path.partition("#")[0], count=1)
    path, mark, query = target.partition("?")
    _, _, _, *rest = path.split("/", 3)
    headers = end_to_end(request.headers.items())
    return Request(
        request.method,
        f"/{rest[0] if rest else ''}{mark}{query}",
        forwarded(headers, client(request.transport), host(request)),
        await read(request, most),
    )


def host(request: web.Request) -> str:
    """The header Host, maybe "": HTTP/1.0 need not send it, and aiohttp would ask the DNS then."""
    return request.headers.get("Host", "")


def refusal(error: ProviderError) -> Response:
    """The answer to an invocation that no function gave."""
    headers = [("Content-Type", "text/plain; charset=utf-8"), *error.headers.items()]
    return Response(error.status, headers, f"{error.text.rstrip()}\n".encode())


def marked(response: Response, marks: Iterable[tuple[str, str]]) -> Response:
    """An answer with headers of ours in the place of any that it has."""
    ours = dict(marks)
    return response._replace(headers=[*without(ours, response.headers), *ours.items()])


def answer(response: Response) -> web.StreamResponse:
    """An answer as aiohttp sends it."""
    headers = CIMultiDict(response.headers)
    if isinstance(response.body, Spooled):
        return _SpooledAnswer(response.status, headers, response.body)
    return web.Response(status=response.status, headers=headers, body=response.body)


class _SpooledAnswer(web.StreamResponse):
    """An answer out of a file, as fast as it is read, within the time of an idle connection."""

    def __init__(self, status: int, headers: CIMultiDict[str], body: Spooled) -> None:
        super().__init__(status=status, headers=headers)
        self.content_length = len(body)
        self._spooled = body

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        limits = cast(web.Request, request).app[LIMITS]
        try:
            async with asyncio.timeout(limits.idle_seconds):
                writer = await super().prepare(request)
                if request.method != "HEAD":
                    for piece in self._spooled.pieces():
                        await self.write(piece)
                await self.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the answer was not read") from None
        finally:
            self._spooled.close()
        return writer


def not_text(headers: Iterable[tuple[str, str]]) -> str:
    """A header that was not UTF-8, if any: aiohttp keeps its other bytes as lone surrogates."""
    for name, value in headers:
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            return name
    return ""


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """ProviderError becomes its answer; headers that cannot be passed on are refused."""
    try:
        if sum(len(name) + len(value) for name, value in request.raw_headers) > MOST_OVERHEAD:
            raise ProviderError(400, f"The headers are larger than {MOST_OVERHEAD} bytes.")
        if name := not_text(request.headers.items()):
            raise ProviderError(400, f"The header {name} is not UTF-8.")
        return await handler(request)
    except ProviderError as error:
        if not request.content.is_eof():
            cast(Connection, request.protocol).refuse()
        return text(error.status, error.text, error.headers)
    finally:
        if INCOMING in request:
            request[INCOMING].close()
        request.app[BUDGET].end(cast(Connection, request.protocol))


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether to log a failure: input that is no HTTP got 400, and any client can send it."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


logger.addFilter(_is_ours)


def runner(app: web.Application) -> web.AppRunner:
    """A runner whose end waits at most SHUTDOWN_SECONDS for running requests."""
    return web.AppRunner(app, shutdown_timeout=SHUTDOWN_SECONDS)


def connection(app: web.Application, server: web.Server) -> Connection:
    """A new connection's protocol, within the application's limits."""
    return Connection(
        server,
        app[BUDGET],
        app[LIMITS].idle_seconds,  # it counts from the connection's start
        access_log=None,
        logger=logger,
        auto_decompress=False,  # bodies travel as they came, with their Content-Encoding
        lingering_time=LINGER,
        max_line_size=16384,
        max_field_size=16384,
        max_headers=MOST_HEADERS,
        read_bufsize=READ_BYTES,
    )
