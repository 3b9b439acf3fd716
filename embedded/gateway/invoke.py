"""Invocation: synchronous through the provider, asynchronous through the queue."""

import hashlib
import re
import time
import uuid
from typing import Protocol

from aiohttp import web

from embedded.contract import http
from embedded.contract.messages import Request
from embedded.contract.names import function_name
from embedded.contract.system import PROVIDER
from embedded.errors import ProviderError
from embedded.gateway import queue_request
from embedded.gateway.metrics import Metrics
from events.ports import Unavailable
from events.requests import CALL_ID
from schemas.messages import MAX_MESSAGE_BYTES

_CALL_ID_FORM = re.compile(r"[!-~]{1,200}")
START_TIME, CALLBACK = "X-Start-Time", "X-Callback-Url"


class Queue(Protocol):
    """Where asynchronous invocations go; events.ports.Bus has it."""

    async def enqueue(self, function: str, request: bytes, message_id: str) -> None:
        """Queue durably.

        Raises:
            events.ports.Unavailable: the broker is away.
        """


METRICS: web.AppKey[Metrics] = web.AppKey("metrics")
QUEUE: web.AppKey[Queue] = web.AppKey("queue")


async def synchronous(request: web.Request) -> web.Response:
    """Any method on /function/{name}[/path]: the function's own answer."""
    name = function_name(request.match_info["name"])
    metrics, marks = request.app[METRICS], _marks(request)
    call = _with(await http.invocation(request), marks)
    metrics.started(name)
    began = time.perf_counter()
    try:
        answer = http.answer(await request.app[PROVIDER].invoke(name, call))
        status = answer.status
    except ProviderError as error:
        answer = http.text(error.status, error.text, error.retry_after)
        status = error.status
        if status == 404:
            metrics.unknown(name)
            return answer
    metrics.finished(name, status, time.perf_counter() - began)
    answer.headers.update(marks)
    answer.headers["X-Duration-Seconds"] = f"{time.perf_counter() - began:.6f}"
    return answer


async def asynchronous(request: web.Request) -> web.Response:
    """POST /async-function/{name}[/path]: 202 once it is queued durably."""
    name = function_name(request.match_info["name"])
    marks = _marks(request)
    status = await request.app[PROVIDER].function(name)
    call = await http.invocation(request, MAX_MESSAGE_BYTES)
    callback = request.headers.get(CALLBACK, "")
    message = queue_request.encode(status, call, request.host, marks, callback)
    try:
        await request.app[QUEUE].enqueue(name, message, _identity(name, call, marks[CALL_ID]))
    except Unavailable as error:
        raise ProviderError(503, f"The queue is away: {error}.", retry_after=2) from error
    return web.Response(status=202, headers=marks)


def _identity(name: str, call: Request, call_id: str) -> str:
    """What the queue takes for a repetition: the same call, of the same function, with that body.

    The id alone would not do: it may be handed down a chain of functions, and anybody can send it.
    """
    return f"{name}/{call_id}/{hashlib.sha256(call.body).hexdigest()}"


def _marks(request: web.Request) -> dict[str, str]:
    """The call's id, its own or a new one, and when it came: Unix time in ns.

    Raises:
        ProviderError: 400, its own cannot be passed on.
    """
    call_id = request.headers.get(CALL_ID) or str(uuid.uuid4())
    if not _CALL_ID_FORM.fullmatch(call_id):
        raise ProviderError(400, f"{CALL_ID} is 1 to 200 visible ASCII letters: {call_id!r:.80}.")
    return {CALL_ID: call_id, START_TIME: str(time.time_ns())}


def _with(call: Request, marks: dict[str, str]) -> Request:
    names = {name.lower() for name in marks}
    kept = [(name, value) for name, value in call.headers if name.lower() not in names]
    return call._replace(headers=[*kept, *marks.items()])
