"""A stage that the outside world reaches, too, to have runs started (docs/triggers.md).

Whatever it is sent becomes the fact `run.requested`, as if the command line had said it:

    200  `{"runs": [{"run_id", "new"}]}`: every run is asked for; `new` is false the second time
    400  nothing that starts a run, or a specification that cannot be run
    401  neither the token nor a signature
    409  the run was asked for before, with another specification
    503  the broker or the store is away: send it again

A signed event without a key has its signature for a key: sent again it starts nothing more.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from adapters.admission import signature
from adapters.current import Current
from adapters.errors import OtherRequest, SignatureError
from adapters.settings import trigger_token
from adapters.stage import STATUS_OF, Handler, Outcome, Stage
from events import documents, subjects, triggers
from events.admits import EVENT
from events.outside import is_event
from events.ports import Services
from events.requests import SIGNATURE
from events.triggers import Uploaded
from schemas import keys, messages
from schemas.errors import SchemaError, TriggerError
from schemas.messages import Message, RunRequested
from schemas.specification import RunSpec, to_dict

logger = logging.getLogger(__name__)

Validate = Callable[[object], RunSpec]


class TriggeredStage(Stage):
    """A stage for messages of the pipeline and for events from outside."""

    admits = EVENT
    status_of: Mapping[type[Exception], int] = {
        SignatureError: 401,
        OtherRequest: 409,
        **STATUS_OF,
    }

    def __init__(
        self, accepts: tuple[type[Message], ...], handler: Handler, validate: Validate
    ) -> None:
        super().__init__(accepts, handler)
        self._validate = validate

    async def start(self) -> None:
        """As every stage, with the token that outsiders must show."""
        self._token = trigger_token()
        await super().start()

    async def _serve(self, body: bytes, headers: Mapping[str, str], here: Current) -> Outcome:
        if SIGNATURE.lower() in headers and not is_event(headers):
            return await super()._serve(body, headers, here)  # of the pipeline itself
        outcome = await self._mapped(self._asked(body, headers, here), here)
        if outcome.status == 200:
            return outcome._replace(kind="application/json")
        if outcome.status == 401:
            return outcome._replace(vouched=False)
        # What an outsider sends is no run's fault: nothing was begun.
        return outcome._replace(status=400) if outcome.status == 422 else outcome

    async def _asked(self, body: bytes, headers: Mapping[str, str], here: Current) -> str:
        """Ask for the runs that an event names; the answer."""
        self.admit(body, headers, time.time())
        services, answers = self._connections.services, []
        for event in triggers.read(body, headers, here.call_id, signature(headers)):
            request = (
                await self._found(event, services)
                if isinstance(event, Uploaded)
                else await self._request(*event)
            )
            if request is not None:
                here.message = request
                new = await _say(request, services)
                answers.append({"run_id": request.run, "new": new})
        return msgspec.json.encode({"runs": answers}).decode()

    async def _found(self, upload: Uploaded, services: Services) -> RunRequested | None:
        """What an uploaded file asks for; None when it is gone, or bad, which is told beside it."""
        if upload.bucket != self._settings.bucket:
            raise TriggerError(
                f"an object of the bucket {upload.bucket!r:.80}; ours is {self._settings.bucket}"
            )
        key, store = upload.key, services.bucket
        data = await store.read(key, documents.MAX_BYTES + 1)
        if data is None:
            return None
        try:
            request = await self._request(triggers.of_upload(key, data), documents.parse(key, data))
        except SchemaError as error:
            logger.warning("refused", extra={"key": key, "why": str(error)})
            told = f"{error}\n".encode()
            await store.write(keys.refusal(key), told, "text/plain; charset=utf-8")
            return None
        await store.delete([keys.refusal(key)])  # of what lay there before
        return request

    async def _request(self, run: str, raw: dict[str, Any]) -> RunRequested:
        """The fact that asks for a run.

        Raises:
            SchemaError: of a specification that cannot be run, or not in a message.
        """
        spec = await asyncio.to_thread(self._validate, raw)
        request = RunRequested(run=run, spec=to_dict(spec))
        messages.encode(request)
        return request


async def _say(request: RunRequested, services: Services) -> bool:
    """Ask for the run; False when that was done before, with the same specification.

    Raises:
        OtherRequest: with another one.
    """
    if await services.facts.say(request):
        return True
    said = await services.facts.read(subjects.of_kind(RunRequested, request.run))
    if [messages.encode(recorded.fact) for recorded in said] != [messages.encode(request)]:
        raise OtherRequest(
            f"the run {request.run} was asked for before, with another specification; "
            "write another Idempotency-Key (or subject)"
        )
    return False


def triggered(validate: Validate, *accepts: type[Message]) -> Callable[[Handler], TriggeredStage]:
    """Make a handler of these messages a stage that outside events reach."""
    return lambda handler: TriggeredStage(accepts, handler, validate)
