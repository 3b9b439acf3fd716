"""A stage that the outside world reaches, too, to have runs started (docs/triggers.md).

Each request becomes the fact `run.requested`, as if the command line had published it:

    200  `{"runs": [{"run_id", "new"}]}`: every run is requested; `new` is false the second time;
         of a notification of several files, `refused` has the errors of the others
    400  the request starts no run, or its specification cannot be run
    401  neither the token nor a signature
    409  the run was asked for before, with another specification, or it was removed
    503  the broker or the store is away: send it again

A signed event without a key has its signature as its key: sent again, it starts no second run.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from faastraingym.adapters.errors import AdapterError, OtherRequest, SignatureError
from faastraingym.adapters.http.admission import of_pipeline, signature
from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.processes.checking import Checked, Checker
from faastraingym.adapters.settings import trigger_token
from faastraingym.adapters.stage import evaluated, parents
from faastraingym.adapters.stage.current import Current
from faastraingym.adapters.stage.stage import STATUS_OF, Handler, Outcome, Stage
from faastraingym.algorithms.experiments.specification import is_experiment
from faastraingym.events.experiments.checking import checked
from faastraingym.events.models.registry import Registry
from faastraingym.events.pipeline import event_backup, subjects
from faastraingym.events.ports import Unavailable
from faastraingym.events.topology.admits import EVENT
from faastraingym.events.triggers import documents, outside_events
from faastraingym.events.triggers.outside_events import Misread, Requested, Uploaded
from faastraingym.schemas import keys, messages
from faastraingym.schemas.errors import SchemaError, TriggerError
from faastraingym.schemas.messages import (
    REQUESTS,
    ExperimentRequested,
    HearUpload,
    Message,
    RunRequested,
)
from faastraingym.schemas.raw import base
from faastraingym.schemas.specification import to_dict

logger = logging.getLogger(__name__)

Event = Requested | Uploaded | Misread


class TriggeredStage(Stage):
    """A stage for messages of the pipeline and for events from outside."""

    admits = EVENT
    status_of: Mapping[type[Exception], int] = {SignatureError: 401, OtherRequest: 409, **STATUS_OF}

    def __init__(
        self, accepts: tuple[type[Message], ...], handler: Handler, checker: Checker
    ) -> None:
        super().__init__((*accepts, HearUpload), handler)
        self._checker = checker

    async def _prepare(self) -> None:
        """Read the token that outside callers must show; import no environments."""
        self._token = trigger_token()
        await self._checker.start()

    async def stop(self) -> None:
        """End the stage, then its checker."""
        await super().stop()
        await self._checker.close()

    async def _serve(self, body: bytes, headers: Mapping[str, str], here: Current) -> Outcome:
        if of_pipeline(headers):
            return await super()._serve(body, headers, here)
        outcome = await self._mapped(self._asked(body, headers, here), here)
        if outcome.status == 200:
            return outcome._replace(kind="application/json")
        if outcome.status == 401:
            return outcome._replace(authenticated=False)
        # An error in an outside request is no run's fault: no run has begun.
        return outcome._replace(status=400) if outcome.status == 422 else outcome

    async def _handle(self, message: Message | None, again: bool) -> str:
        """The pipeline's own messages as ever; of an upload, the request to read it."""
        if not isinstance(message, HearUpload):
            return await super()._handle(message, again)
        of_it = Current("", "")  # this invocation's own message stays
        return await self._all([Uploaded(self._settings.bucket, message.key)], of_it)

    async def _asked(self, body: bytes, headers: Mapping[str, str], here: Current) -> str:
        self.admit(body, headers, time.time())
        events = outside_events.read(body, headers, here.call_id, signature(headers))
        return await self._all(events, here if len(events) == 1 else Current("", ""))

    async def _all(self, events: Sequence[Event], here: Current) -> str:
        """Request every event's run; the first failure is raised when all others are requested."""
        asked = (self._one(event, here) for event in events)
        done = await asyncio.gather(*asked, return_exceptions=True)
        refused = [one for one in done if isinstance(one, TriggerError)]
        for one in done:
            if isinstance(one, BaseException) and (one not in refused or len(done) == len(refused)):
                raise one
        answer: dict[str, list[Any]] = {"runs": [one for one in done if isinstance(one, dict)]}
        if refused:
            answer["refused"] = [str(one) for one in refused]
        return msgspec.json.encode(answer).decode()

    async def _one(self, event: Event, here: Current) -> dict[str, Any] | None:
        """The answer for an event; None for a file that is gone or bad."""
        if isinstance(event, Misread):
            raise TriggerError(event.why)
        if isinstance(event, Requested):
            return await self._request(*event, here)
        if event.bucket != self._settings.bucket:
            raise TriggerError(
                f"an object of the bucket {event.bucket!r:.80}; ours is {self._settings.bucket}"
            )
        return await self._found(event.key, here)

    async def _found(self, key: str, here: Current) -> dict[str, Any] | None:
        """As `_one`, for an uploaded file; its errors are written beside it."""
        bucket = self._connections.services.bucket
        try:
            data = await bucket.read(key, documents.MAX_BYTES + 1)
            if data is None:
                return None
            raw = await asyncio.to_thread(documents.parse, key, data)  # YAML may take seconds
            answer = await self._request(outside_events.of_upload(key, data), raw, here)
            await bucket.delete([keys.refusal(key)])  # of an earlier file
        except (SchemaError, OtherRequest) as error:
            await self._refuse(key, str(error))
            return None
        except (AdapterError, Unavailable):
            raise
        except Exception as error:  # a defect; the delivery is retried all the same
            await self._refuse(key, f"start-run failed: {error!r}; `faastrain dead list` has more")
            raise
        return answer

    async def _refuse(self, key: str, why: str) -> None:
        logger.warning("refused", extra={"why": f"{key}: {why}"})
        where, text = keys.refusal(key), f"{why}\n".encode()
        await self._connections.services.bucket.write(where, text, "text/plain; charset=utf-8")

    async def _request(self, run: str, raw: dict[str, Any], here: Current) -> dict[str, Any]:
        """Request the run; not `new` if it was requested before, with the same specification.

        SchemaError: it cannot be run. OtherRequest: it was requested with another specification, or
        was removed.
        """
        request = await self._requested(run, raw)
        encoded, facts = messages.encode(request), self._connections.services.facts
        if await event_backup.is_removed(run, facts, self._connections.services.objects):
            raise OtherRequest(
                f"{run} was removed, and a removed name is never used again; write another "
                "Idempotency-Key (or subject), or another file"
            )
        here.message = request
        known = await facts.read(*(subjects.of_kind(kind, run) for kind in REQUESTS))
        new = not known and await facts.publish_once(request)
        if not new:
            known = known or await facts.read(subjects.of(request))
            if [messages.encode(recorded.fact) for recorded in known] != [encoded]:
                raise OtherRequest(
                    f"the run {run} was asked for before, with another specification; "
                    "write another Idempotency-Key (or subject)"
                )
        return {"run_id": run, "new": new}

    async def _requested(self, run: str, raw: dict[str, Any]) -> RunRequested | ExperimentRequested:
        """The request of a run, or of an experiment; SchemaError: it cannot be run."""
        packages = Library(self._connections.services.bucket)

        async def choose(raw: object) -> Checked:
            return await self._checker.choose(await self._begun(run, raw), packages)

        if is_experiment(raw):
            return ExperimentRequested(run=run, spec=await checked(run, raw, choose))
        return RunRequested(run=run, spec=to_dict((await choose(raw)).spec))

    async def _begun(self, run: str, raw: Any) -> Any:
        """`raw`, its policies at the versions that they had when the run was first asked for.

        Of an experiment it is the base run.
        """
        if not (parents.named(raw) or evaluated.named(raw)):
            return raw
        services = self._connections.services
        asked = await services.facts.read(*(subjects.of_kind(kind, run) for kind in REQUESTS))
        before = next((_run_of(recorded.fact) for recorded in asked), None)
        raw = await evaluated.resolved(raw, services, before)
        return await parents.resolved(raw, Registry(services.objects, services.bucket), before)


def _run_of(request: Message) -> dict[str, Any] | None:
    """The raw specification of the run that was asked for; of an experiment the base run's."""
    if isinstance(request, ExperimentRequested):
        return base(request.spec)
    return request.spec if isinstance(request, RunRequested) else None


def triggered(checker: Checker, *accepts: type[Message]) -> Callable[[Handler], TriggeredStage]:
    """Make a handler of these messages a stage that outside events reach."""
    return lambda handler: TriggeredStage(accepts, handler, checker)
