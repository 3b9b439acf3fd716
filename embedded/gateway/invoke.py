"""Invocation: synchronous through the provider, asynchronous through the queue."""

import hashlib
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from faastraingym.embedded.contract import http, system
from faastraingym.embedded.contract.bodies import whole
from faastraingym.embedded.contract.headers import without
from faastraingym.embedded.contract.messages import FunctionStatus, Request, Response
from faastraingym.embedded.contract.names import function_name
from faastraingym.embedded.contract.provider import Provider
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.gateway.async_admission import AsyncAdmission, Refusal, over_quota
from faastraingym.embedded.gateway.metrics import Metrics
from faastraingym.events.delivery import queue_request
from faastraingym.events.delivery.requests import CALL_ID
from faastraingym.events.ports import QueueFull, Unavailable
from faastraingym.schemas.messages import MAX_MESSAGE_BYTES

_CALL_ID_FORM = re.compile(r"[!-~]{1,200}")
Marks = dict[str, str]
START_TIME, CALLBACK = "X-Start-Time", "X-Callback-Url"


class Queue(Protocol):
    """The queue of asynchronous invocations; events.ports.Bus is one."""

    async def enqueue(self, function: str, request: bytes, message_id: str) -> None:
        """Queue durably; raises events.ports.Unavailable while the broker is away."""

    async def enqueue_open(self, function: str, request: bytes, message_id: str) -> None:
        """Queue an unauthenticated one; raises QueueFull where as many wait as may."""


class Invocations:
    """Answers requests to `/function/` and `/async-function/`, read by aiohttp or the fast path."""

    def __init__(
        self, provider: Provider, queue: Queue, metrics: Metrics, async_admission: AsyncAdmission
    ) -> None:
        self._provider, self._queue, self._metrics = provider, queue, metrics
        self._async_admission = async_admission

    async def now(self, name: str, call: Request) -> Response:
        """The own answer of the function `name[.namespace]`, or the gateway's error instead."""
        return await self._marked(
            call, lambda marks: self._invoke(function_name(name), _with(call, marks))
        )

    async def later(self, name: str, call: Request, host: str) -> Response:
        """202 once it is queued durably."""
        return await self._marked(
            call, lambda marks: self._enqueue(function_name(name), call, host, marks)
        )

    async def _marked(
        self, call: Request, answer: Callable[[Marks], Awaitable[Response]]
    ) -> Response:
        """The answer, an error's too, with the headers by which the call is known."""
        marks: Marks = {}
        try:
            marks = _marks(call)
            found = await answer(marks)
        except ProviderError as error:
            if isinstance(error, Refusal):
                self._metrics.refused(error.reason, error.function)
            found = http.refusal(error)
        return http.marked(found, marks.items())

    async def _invoke(self, name: str, call: Request) -> Response:
        self._metrics.started(name)
        try:
            answer, seconds = await system.invoke(self._provider, name, call)
        except ProviderError:  # there is no such function
            self._metrics.unknown(name)
            raise
        self._metrics.finished(name, answer.status, seconds)
        return answer

    async def _enqueue(self, name: str, call: Request, host: str, marks: Marks) -> Response:
        status = await self._provider.function(name)
        if len(call.body) > MAX_MESSAGE_BYTES:
            raise http.too_large(MAX_MESSAGE_BYTES)
        authenticated = self._async_admission.admit(status, call, time.time())
        callback = _first(call, CALLBACK)
        if callback:
            self._async_admission.check_callback(name, callback, authenticated)
        message = _queued(status, _with(call, marks), host, callback)
        enqueue = self._queue.enqueue if authenticated else self._queue.enqueue_open
        try:
            await enqueue(name, message, _identity(name, call, marks[CALL_ID], callback))
        except Unavailable as error:
            if isinstance(error, QueueFull) and not authenticated:
                raise over_quota(name) from error
            # A known client's call waits for room as for a broker that is away.
            raise ProviderError(503, f"The queue is away: {error}.", retry_after=2) from error
        return Response(202, [], b"")


METRICS: web.AppKey[Metrics] = web.AppKey("metrics")
INVOCATIONS: web.AppKey[Invocations] = web.AppKey("invocations")


async def synchronous(request: web.Request) -> web.StreamResponse:
    """Any method on /function/{name}[/path]: the function's own answer."""
    call = await http.invocation(request)
    return http.answer(await request.app[INVOCATIONS].now(request.match_info["name"], call))


async def asynchronous(request: web.Request) -> web.StreamResponse:
    """POST /async-function/{name}[/path]: 202 once it is queued durably."""
    call = await http.invocation(request, MAX_MESSAGE_BYTES)
    name, invocations = request.match_info["name"], request.app[INVOCATIONS]
    return http.answer(await invocations.later(name, call, http.host(request)))


def _queued(status: FunctionStatus, call: Request, host: str, callback: str) -> bytes:
    path, _, query = call.path.partition("?")
    return queue_request.encode(
        status.name,
        call.headers,
        whole(call.body),
        method=call.method,
        path=path,
        query=query,
        host=host,
        callback=callback,
        annotations=status.annotations,
        labels=status.labels,
    )


def _identity(name: str, call: Request, call_id: str, callback: str) -> str:
    """The queue's key for repetitions, a NATS token: the same id, and the same call in full.

    The id alone is not enough: a chain of functions may pass it on, and any client can send it.
    """
    asked = "\n".join((name, call_id, call.method, call.path, callback, ""))
    return hashlib.sha256(asked.encode(errors="surrogateescape") + whole(call.body)).hexdigest()


def _marks(call: Request) -> Marks:
    """The call's id, its own or a new one, and when it came: Unix time in ns."""
    call_id = _first(call, CALL_ID) or str(uuid.uuid4())
    if not _CALL_ID_FORM.fullmatch(call_id):
        text = f"{CALL_ID} must be 1 to 200 visible ASCII characters: {call_id!r:.80}."
        raise ProviderError(400, text)
    return {CALL_ID: call_id, START_TIME: str(time.time_ns())}


def _with(call: Request, marks: Marks) -> Request:
    return call._replace(headers=[*without(marks, call.headers), *marks.items()])


def _first(call: Request, name: str) -> str:
    wanted = name.lower()
    return next((value for known, value in call.headers if known.lower() == wanted), "")
