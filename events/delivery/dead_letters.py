"""The dead letter of a delivery that was given up, and the facts published about it."""

import hashlib
import time
from collections.abc import Sequence

from msgspec.structs import replace

from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import SIGNATURE, Request
from faastraingym.events.ports import Delivery
from faastraingym.events.triggers import outside_events
from faastraingym.schemas import messages
from faastraingym.schemas.dead_letter import DeadLetter, Omitted
from faastraingym.schemas.errors import MessageError
from faastraingym.schemas.messages import InvocationDeadLettered

MOST_ERROR = 8192  # characters of a dead letter's error; its end is the most useful part
MOST_HEADLINE = 1024  # the same, if its sender is unknown
MOST_NAME = 200  # characters of its subject, its call id, its signature


def written(
    function: str, message: Delivery, request: Request, answer: Answer, error: str
) -> DeadLetter:
    """A dead letter of a delivery that is given up now, all its texts bounded."""
    return DeadLetter(
        function=function,
        subject=message.subject[:MOST_NAME],
        call_id=request.call_id[:MOST_NAME],
        payload=request.body,
        attempts=message.attempt,
        status=answer.status,
        error=error[-MOST_ERROR:],
        at=time.time(),
        run=_run(request),
        queued_at=message.queued_at,
        signature=request.headers.get(SIGNATURE, "")[:MOST_NAME],
    )


def _run(request: Request) -> str:
    try:
        return str(messages.decode(request.body).run)
    except MessageError:
        return outside_events.run_of(request)


def without_payload(letter: DeadLetter) -> DeadLetter:
    """It without payload (size and SHA-256 stay) and run, as any sender may name a run."""
    payload = letter.payload
    told = Omitted(size=len(payload), sha256=hashlib.sha256(payload).hexdigest())
    said = letter.error[-MOST_HEADLINE:]
    return replace(letter, payload=b"", omitted=told, error=said, run="")


def events(letter: DeadLetter) -> Sequence[InvocationDeadLettered]:
    """The facts to publish in the run of a dead letter.

    Nothing when the function refused the message itself (400), nor without a signature: any client
    may post bytes that name a run, so only a message that was understood and found authentic may
    end one.
    """
    if letter.status == 400:
        return []
    try:
        message = messages.decode(letter.payload)
    except MessageError:
        return []
    if isinstance(message, InvocationDeadLettered):
        return []  # or a failing receiver of this fact would cause it again for ever
    return [
        InvocationDeadLettered(
            run=message.run,
            function=letter.function,
            call_id=letter.call_id,
            attempts=letter.attempts,
            status=letter.status,
            error=letter.error,
            queued_at=letter.queued_at,
        )
    ]
