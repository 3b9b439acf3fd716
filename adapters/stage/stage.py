"""The wrapper around every stage: the one place that decodes, times, meters, sends, maps errors.

A handler takes a decoded message and services and returns what to send. The answer to its caller:

    200  done, everything that it returned is durably sent
    400  not a message for this stage, or not signed by us: never delivered again
    422  the run itself is at fault, trying again cannot help: buried, and its run fails
    500  a defect, traceback in the body, or a function of one's own that failed: delivered again,
         then buried
    503  the broker or the store is away, or an object is lost and its maker is asked to make it
         again: delivered again
"""

import asyncio
import faulthandler
import logging
import os
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from faastraingym.adapters import logs
from faastraingym.adapters.disk import trouble
from faastraingym.adapters.errors import FunctionFailed, SettingsError, SignatureError
from faastraingym.adapters.http import admission
from faastraingym.adapters.http.admission import Asked, Secrets
from faastraingym.adapters.http.signing import sign
from faastraingym.adapters.packages.folders import folders
from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.settings import Settings
from faastraingym.adapters.stage import current
from faastraingym.adapters.stage.connections import Connections, connect
from faastraingym.adapters.stage.current import Current
from faastraingym.adapters.stage.environments import register
from faastraingym.adapters.stage.isolated import Children, begin_as_child
from faastraingym.adapters.stage.manifests import specification
from faastraingym.adapters.stage.restoring import BeingRestored, Restorer
from faastraingym.adapters.stage.spans import keep, merge_spans
from faastraingym.events.delivery.requests import AGAIN, CALL_ID
from faastraingym.events.gathering import each
from faastraingym.events.pipeline import follow_ups, subjects
from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.pipeline.lineage import NotPublished
from faastraingym.events.ports import LostObject, Services, Unavailable
from faastraingym.events.telemetry.identity import identity
from faastraingym.events.telemetry.tracing import HEADER
from faastraingym.events.topology.admits import ANYBODY, SIGNED
from faastraingym.schemas import keys, messages
from faastraingym.schemas.errors import MessageError, RunFault, SchemaError
from faastraingym.schemas.messages import (
    InvocationCompleted,
    Message,
    RestoreObject,
    RunMessage,
    WarmUp,
)

logger = logging.getLogger(__name__)

Outgoing = Sequence[Message | Invocation]
Handler = Callable[[Any, Services], Awaitable[Outgoing]]
Response = tuple[int, dict[str, str], bytes]

REFUSED = (SchemaError, SignatureError)  # of the message itself, before a handler sees it
STATUS_OF: Mapping[type[Exception], int] = {
    RunFault: 422,
    SchemaError: 422,  # of what the message refers to
    Unavailable: 503,
    FunctionFailed: 500,
}
SENT_AT_ONCE = 256  # messages; more would wait for each other's acknowledgement beyond its time


class Outcome(NamedTuple):
    """How an invocation ended; `message` is None if the stage accepted none."""

    status: int
    text: str
    message: Message | None
    again_after: int | None = None  # seconds; None: unknown
    kind: str = "text/plain"  # of the text
    authenticated: bool = True  # False: the caller is unknown, so it is not metered
    metered: bool = False  # by the process that did the work
    body: bytes | None = None  # the answer, where it is not the text


class Stage:
    """A handler, as the template's index.py serves it."""

    status_of = STATUS_OF
    levels: Mapping[int, int] = {200: logging.INFO, 503: logging.WARNING}  # by status
    admits = SIGNED  # which callers; the same as its annotation in stack.yml

    def __init__(
        self, accepts: tuple[type[Message], ...], handler: Handler, acts: bool = False
    ) -> None:
        """Wrap a handler.

        Args:
            accepts: what it is given.
            handler: the stage's work.
            acts: whether it runs environments; those of packages run in children.
        """
        self.accepts = accepts
        self.handler = handler
        self._children = Children() if acts else None
        self._settings: Settings
        self._token = b""  # for callers that may start runs; most stages lack it
        self._connections: Connections
        self._away = False  # True: the broker, ever since this replica started
        self._connecting: asyncio.Task[Connections] | None = None
        self._served = 0
        self._restorer = Restorer()

    async def start(self) -> None:
        """Read settings and secrets, connect; once per replica.

        A bad setting ends the replica with one sentence. An absent broker does not end it, which
        would count as the function's failure: until it is back, requests are answered 503.
        """
        faulthandler.enable()
        try:
            self._settings = Settings.from_environment()
            logs.configure(self._settings.function, self._settings.replica)
            await self._prepare()
        except SettingsError as error:
            raise SystemExit(str(error)) from error
        self._away = True
        away = await self._connect()
        if away:
            logger.warning("not connected", extra={"why": away.text})

    async def _prepare(self) -> None:
        if begin_as_child(os.environ):
            self._children = None
        register(self._settings.environments)

    async def stop(self) -> None:
        """Let go of children and connections."""
        if self._children is not None:
            await self._children.close()
        if not self._away:
            await self._connections.close()

    async def _connect(self) -> Outcome | None:
        """Connect unless it is done; 503 while that fails. All waiting calls share one attempt."""
        if not self._away:
            return None
        if self._connecting is None or (self._connecting.done() and self._connecting.exception()):
            self._connecting = asyncio.create_task(connect(self._settings))
        try:
            self._connections = await asyncio.shield(self._connecting)
        except Unavailable as error:
            return Outcome(503, str(error), None)
        self._away = False
        return None

    async def __call__(self, body: bytes, headers: Mapping[str, str]) -> Response:
        """Serve one invocation."""
        began, clock = time.time(), time.perf_counter()
        cold, self._served = self._served == 0, self._served + 1
        call_id = headers.get(CALL_ID.lower()) or str(uuid.uuid4())
        kept = keep()
        here = current.begin(call_id, headers.get(HEADER, ""))
        outcome = await self._connect() or await self._serve(body, headers, here)
        if outcome.status == 503:
            why = (outcome.text, trouble(os.environ))
            outcome = outcome._replace(text="; ".join(filter(None, why)))
        seconds = time.perf_counter() - clock
        usage = InvocationCompleted(
            function=self._settings.function,
            call_id=call_id,
            replica=self._settings.replica,
            started_at=began,
            seconds=seconds,
            memory_mb=self._settings.memory_mb,
            cold_start=cold,
            status=outcome.status,
            spans=merge_spans(kept, clock),
            retried=AGAIN.lower() in headers,
            traceparent=str(here.span or ""),
            parent=here.parent,
            policy=here.policy,
            **{"run": subjects.NO_RUN} | identity(outcome.message),
        )
        await self._meter(usage, outcome)
        answer = {"x-duration-seconds": f"{seconds:.6f}", "content-type": outcome.kind}
        if outcome.again_after is not None:
            answer["retry-after"] = str(outcome.again_after)
        body = outcome.text.encode(errors="replace") if outcome.body is None else outcome.body
        return outcome.status, answer, body

    async def _serve(self, body: bytes, headers: Mapping[str, str], here: Current) -> Outcome:
        try:
            message = self.authenticate(body, headers, time.time())
        except REFUSED as error:
            authenticated = not isinstance(error, SignatureError)
            return Outcome(400, str(error), None, authenticated=authenticated)
        here.message = message
        return await self._mapped(self._work(message, body, headers), here)

    async def _work(
        self, message: Message | None, body: bytes, headers: Mapping[str, str]
    ) -> str | Outcome:
        """Do the work here, or have a child do it."""
        if self._children is not None and (packages := await self._packages(message)):
            done = await self._in_child(self._children, packages, body, headers)
            return done._replace(message=message)
        return await self._handle(message, AGAIN.lower() in headers)

    async def _in_child(
        self,
        children: Children,
        packages: Sequence[str],
        body: bytes,
        headers: Mapping[str, str],
        path: str = "/",
    ) -> Outcome:
        """What a child that imports these packages makes of the request."""
        places = await folders(packages, Library(self._connections.services.bucket))
        reply = await children.serve(list(map(str, places)), body, headers, path)
        again = reply.header("retry-after")
        text, kind = reply.body.decode(errors="replace"), reply.header("content-type")
        return Outcome(
            reply.status,
            text,
            None,
            int(again) if again else None,
            kind,
            metered=True,
            body=reply.body,
        )

    async def _packages(self, message: Message | None) -> tuple[str, ...]:
        """The packages that a message's run names; what is lost is for the handler to miss."""
        about = message.origin if isinstance(message, RestoreObject) else message
        if not isinstance(about, RunMessage):
            return ()
        try:
            spec = await specification(self._connections.services, about.manifest)
        except LostObject:
            return ()
        return spec.environment.package_digests

    async def _mapped(self, work: Awaitable[str | Outcome], here: Current) -> Outcome:
        try:
            done = await work
        except tuple(self.status_of) as error:
            status = next(s for kind, s in self.status_of.items() if isinstance(error, kind))
            again_after = error.again_after if isinstance(error, BeingRestored) else None
            return Outcome(status, explain(error), here.message, again_after)
        except Exception:  # noqa: BLE001  the boundary: a defect is answered, buried and shown
            return Outcome(500, traceback.format_exc(), here.message)
        return done if isinstance(done, Outcome) else Outcome(200, done, here.message)

    async def _handle(self, message: Message | None, again: bool) -> str:
        """Do the work, unless it was done; returns a note on anything unusual."""
        if isinstance(message, WarmUp):
            return "warm"
        services = self._connections.services
        # A broker that was emptied delivers each run's start again, as if for the first time.
        repeated = again or isinstance(message, messages.RunStarted)
        subject = follow_ups.kept(message) if repeated else None
        if subject and await services.facts.count(subject):
            return "done before"
        try:
            return await self._work_or_recover(message, again)
        except NotPublished as unknown:
            if message is None or not (await self._history(message.run)).over:
                raise
            return f"needless: the run is over, and {unknown}"

    async def _work_or_recover(self, message: Message | None, again: bool) -> str:
        """As `_handle`; NotPublished: the log does not say how an object that it lacks is made."""
        services = self._connections.services
        try:
            if isinstance(message, RestoreObject):
                text, commands = await self._restorer.restore(
                    message, again, self.handler, services
                )
                await self._send(commands)
                return text
            await self._send(await self.handler(message, services))
        except LostObject as lost:
            if message is None:
                raise
            return await self._recover(message, lost)
        return ""

    async def _history(self, run: str) -> History:
        return fold(await self._connections.services.facts.read(*subjects.of_run(run)))

    async def _recover(self, message: Message, lost: LostObject) -> str:
        """Ask makers for lost objects; BeingRestored unless the work is needless by now."""
        services, history = self._connections.services, await self._history(message.run)
        if follow_ups.is_needless(message, history):
            return "needless: the version's batch is complete"
        if not lost.ref.key.startswith(keys.of_run(message.run)):
            raise RunFault(f"{lost}, of another run, with which this one begins") from lost
        asked = await self._restorer.wanted(message, lost, history, services)
        await self._send(asked.commands)
        makers = " and ".join(sorted({item.function for item in asked.commands}))
        what = "it" if asked.missing == 1 else f"it and {asked.missing - 1} more objects"
        text = f"{lost}; {makers} makes {what} again"
        raise BeingRestored(text, asked.missing) from lost

    def authenticate(self, body: bytes, headers: Mapping[str, str], now: float) -> Message | None:
        """The message in `body`; SignatureError or MessageError if it is not ours or not for us."""
        self.admit(body, headers, now)
        name = self._settings.function
        message: Message = messages.decode(body)
        received = message.origin if isinstance(message, RestoreObject) else message
        if not isinstance(received, (*self.accepts, WarmUp)):
            wanted = ", ".join(messages.tag(kind) for kind in self.accepts)
            raise MessageError(f"{name} does not take {messages.tag(message)}; it takes {wanted}")
        return message

    def admit(self, body: bytes, headers: Mapping[str, str], now: float) -> bool:
        """Whether a request is authenticated; SignatureError: it is not, and it has to be."""
        asked = Asked(self._settings.function, headers, body)
        secrets = Secrets(self._settings.signing_key, self._token)
        return admission.admit(self.admits, asked, secrets, now)

    async def _send(self, outgoing: Outgoing) -> None:
        """Facts first: a command that has an effect must not outrun the fact that promised it."""
        kinds = messages.FACTS
        facts = [item for item in outgoing if isinstance(item, kinds)]
        await each(self._connections.services.facts.publish_once, facts, SENT_AT_ONCE)
        others = [item for item in outgoing if not isinstance(item, kinds)]
        await each(self._invoke, others, SENT_AT_ONCE)

    async def _invoke(self, item: Message | Invocation) -> None:
        request = item if isinstance(item, Invocation) else invocation(item)
        body = messages.encode(request.message)
        signature = sign(self._settings.signing_key, request.function, body, time.time())
        await self._connections.commands.invoke(request, body, signature)

    async def _meter(self, usage: InvocationCompleted, outcome: Outcome) -> None:
        if outcome.metered:
            return
        level = self.levels.get(outcome.status, logging.ERROR)
        about = {"status": usage.status, "seconds": round(usage.seconds, 6)}
        logger.log(level, outcome.text or "done", extra=about)
        if self._away or not outcome.authenticated:  # or strangers would fill the metering's stream
            return
        try:
            await self._connections.services.facts.meter(usage)
        except Unavailable as error:
            logger.warning("not metered", extra={"why": str(error)})


class CronStage(Stage):
    """A stage that the clock invokes: there is no message, so there is nothing to authenticate."""

    admits = ANYBODY

    def authenticate(self, *_: object) -> None:
        """Accept every caller: the handler does only what is due."""

    async def _serve(self, body: bytes, headers: Mapping[str, str], here: Current) -> Outcome:
        outcome = await super()._serve(body, headers, here)
        return outcome._replace(authenticated=self.admit(body, headers, time.time()))


def stage(*accepts: type[Message], acts: bool = False) -> Callable[[Handler], Stage]:
    """Make a handler of these messages a stage; `acts`: it runs environments."""
    return lambda handler: Stage(accepts, handler, acts)


def cron_stage(handler: Callable[[Services], Awaitable[Outgoing]]) -> CronStage:
    """Make a handler that needs no message a stage."""

    return CronStage((), lambda _, services: handler(services))


def explain(error: BaseException) -> str:
    """The error's words; of an environment's own error, its traceback too, with the words last."""
    cause = error.__cause__
    if cause is None or not isinstance(error, RunFault):
        return str(error)
    return "".join(traceback.format_exception(cause)) + str(error)
