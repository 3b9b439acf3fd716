"""The dead letter of a delivery that was given up, and the facts published about it."""

import hashlib
import time

from msgspec.structs import replace

from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import SIGNATURE, Request, message_in
from faastraingym.events.ports import Delivery
from faastraingym.events.triggers import outside_events
from faastraingym.schemas.dead_letter import DeadLetter, Omitted
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
        run=request.message.run if request.message else outside_events.run_of(request),
        queued_at=message.queued_at,
        signature=request.headers.get(SIGNATURE, "")[:MOST_NAME],
    )


def without_payload(letter: DeadLetter) -> DeadLetter:
    """The letter with only the size and SHA-256 of its payload, and without its unproven run."""
    payload = letter.payload
    omitted = Omitted(size=len(payload), sha256=hashlib.sha256(payload).hexdigest())
    return replace(
        letter, payload=b"", omitted=omitted, error=letter.error[-MOST_HEADLINE:], run=""
    )


def event(letter: DeadLetter) -> InvocationDeadLettered | None:
    """The fact to publish in the run of a dead letter.

    None if the function refused the message itself (400), nor without a signature: any client may
    post bytes that name a run, so only an authentic message that was understood may end one.
    """
    message = message_in(letter.payload)
    if letter.status == 400 or message is None:
        return None
    if isinstance(message, InvocationDeadLettered):
        return None  # or a failing receiver of this fact would cause it again for ever
    return InvocationDeadLettered(
        run=message.run,
        function=letter.function,
        call_id=letter.call_id,
        attempts=letter.attempts,
        status=letter.status,
        error=letter.error,
        queued_at=letter.queued_at,
    )
