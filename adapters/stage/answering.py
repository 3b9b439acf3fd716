"""A stage that answers callers from outside, who show their tokens: it hears and says no messages.

A request is `POST /function/<name>/<verb>` with a body in msgpack or JSON, by its Content-Type; the
answer is of the kind that `Accept` names, else of the request's. `GET /function/<name>`, and
`/openapi.json`, are answered with the OpenAPI document. Failures are schemas/answers.py's.
"""

import asyncio
import hashlib
import hmac
import logging
import math
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from msgspec import Struct

from faastraingym.adapters.errors import SignatureError
from faastraingym.adapters.http import wire
from faastraingym.adapters.http.callers import Callers
from faastraingym.adapters.http.rates import Rates
from faastraingym.adapters.settings import caller_settings
from faastraingym.adapters.stage import openapi
from faastraingym.adapters.stage.current import Current
from faastraingym.adapters.stage.stage import Outcome, Stage
from faastraingym.events.delivery.requests import METHOD, PATH
from faastraingym.events.ports import LostObject, Services, Unavailable
from faastraingym.events.topology.admits import CALLER
from faastraingym.schemas.answers import STATUS, AnswerError, Failure
from faastraingym.schemas.errors import RunFault, SchemaError

DOCUMENT = "openapi.json"


class Asked(NamedTuple):
    """Who asks, when, and with what the answer is found."""

    caller: str
    now: float  # Unix time, seconds
    services: Services
    key: Callable[[bytes], bytes]  # for a purpose, from the stack's signing key
    body: bytes  # the request as it came


class Verb(NamedTuple):
    """One kind of request, by the last part of its path."""

    takes: type[Struct]
    gives: type[Struct]
    answer: Callable[[Any, Asked], Awaitable[Struct]]  # raises AnswerError


class AnsweringStage(Stage):
    """A stage for callers. `verbs` are by the path below the function's name; "": no path."""

    admits = CALLER
    levels = {
        **Stage.levels,
        200: logging.DEBUG,  # callers may ask a thousand times a second; each is metered
        **{status: logging.INFO for status in STATUS.values() if status < 500},
    }

    def __init__(
        self,
        verbs: Mapping[str, Verb],
        most_body: int,
        at_once: int = 1,
        open_up: Callable[[], Awaitable[None]] | None = None,
        packages: Callable[[Any, Asked], Awaitable[Sequence[str]]] | None = None,
    ) -> None:
        """Answer requests.

        Args:
            verbs: what may be asked.
            most_body: bytes of a request.
            at_once: requests that are decoded and answered at a time; others wait as they came.
            open_up: called once per replica, before the first request.
            packages: the packages that a request is about, by SHA-256; it is answered in a child
                that imports them.
        """
        super().__init__((), self._none, acts=packages is not None)
        self._packages_of = packages
        self.verbs = verbs
        self._most_body = most_body
        self._places = asyncio.Semaphore(at_once)
        self._open_up = open_up
        self._callers: Callers
        self._rates: Rates

    async def _prepare(self) -> None:
        await super()._prepare()
        self._callers, rate = caller_settings()
        self._rates = Rates(rate)
        if self._open_up is not None:
            await self._open_up()

    async def _connect(self) -> Outcome | None:
        away = await super()._connect()
        return away and _failed(Unavailable(away.text), wire.JSON)

    async def _serve(self, body: bytes, headers: Mapping[str, str], here: Current) -> Outcome:
        path = headers.get(PATH, "").partition("?")[0].strip("/")
        if path == DOCUMENT or (not path and headers.get(METHOD) == "GET"):
            told = self._document
            return Outcome(200, "", None, kind=wire.JSON, authenticated=False, body=told)
        kind = wire.answered_in(headers)
        try:
            answer = await self._answered(path, body, headers)
            if isinstance(answer, Outcome):
                return answer
            return Outcome(200, "", None, kind=kind, body=wire.encode(answer, kind))
        except Exception as error:  # noqa: BLE001  the boundary: a defect is answered and shown
            return _failed(error, kind)

    @cached_property
    def _document(self) -> bytes:
        kinds = {name: (verb.takes, verb.gives) for name, verb in self.verbs.items()}
        return openapi.encoded(self._settings.function, kinds)

    async def _answered(
        self, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Struct | Outcome:
        try:
            caller = self._callers.who(headers)
        except SignatureError as error:
            raise AnswerError("unauthenticated", "", f"{error}") from error
        wait = self._rates.take(caller, time.monotonic())
        if wait:
            raise TooManyError(wait)
        if len(body) > self._most_body:
            raise AnswerError(
                "too-large",
                "",
                f"the request has {len(body)} bytes; allowed: at most {self._most_body}",
            )
        verb = self.verbs.get(path)
        if verb is None:
            allowed = ", ".join(self.verbs)
            name = self._settings.function
            raise AnswerError(
                "not-found", "", f"{name} has no path {path!r:.80}; allowed: {allowed or 'none'}"
            )
        async with self._places:
            request = wire.decode(body, verb.takes, headers)
            services = self._connections.services
            asked = Asked(caller, time.time(), services, self._key, body)
            if self._children is not None and self._packages_of is not None:
                packages = await self._packages_of(request, asked)
                if packages:
                    return await self._in_child(self._children, packages, body, headers, f"/{path}")
            return await verb.answer(request, asked)

    def _key(self, purpose: bytes) -> bytes:
        """A key for one purpose, from which no other key can be calculated."""
        return hmac.digest(self._settings.signing_key, purpose, hashlib.sha256)

    @staticmethod
    async def _none(*_: object) -> list[Any]:
        return []


class TooManyError(AnswerError):
    """A caller who asks more often than it may."""

    def __init__(self, wait: float) -> None:
        super().__init__("too-many", "", "the caller asks more often than it may; wait a moment")
        self.again_after = math.ceil(wait)


def _failed(error: Exception, kind: str) -> Outcome:
    """What a failure is answered with; only a defect's traceback is logged."""
    again_after = error.again_after if isinstance(error, TooManyError) else None
    if isinstance(error, AnswerError):
        told = error
    elif isinstance(error, RunFault):
        told = AnswerError("environment-failed", "", str(error))
    elif isinstance(error, Unavailable):
        told, again_after = AnswerError("unavailable", "", str(error)), 1
    elif isinstance(error, LostObject):
        told = AnswerError("not-found", "", str(error))
    elif isinstance(error, SchemaError):
        told = AnswerError("bad-request", "", str(error))
    else:
        told = AnswerError("defect", "", "a defect of this function; its log has the traceback")
    failure = told.complaint
    text = traceback.format_exc() if failure.kind == "defect" else failure.text
    return Outcome(
        STATUS[failure.kind],
        text,
        None,
        again_after,
        kind,
        authenticated=failure.kind != "unauthenticated",
        metered=failure.kind == "too-many",
        body=wire.encode(Failure(error=failure), kind),
    )
