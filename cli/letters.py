"""Dead letters in words, and why one is not replayed."""

import math
from collections.abc import Iterator

import msgspec

from faastraingym.adapters.errors import SignatureError
from faastraingym.adapters.http.signing import verify
from faastraingym.events.ports import StoredDeadLetter
from faastraingym.events.views.dead_letters import DeadLetterDetail, DeadLetterRow

HEAD = ("id", "when", "function", "run", "what", "attempts", "status", "error")
SPARE = ("attempts", "status", "when", "what")
NUMBERS = ("id", "attempts", "status")


def cells(row: DeadLetterRow) -> tuple[str, ...]:
    """A row as the cells of a table."""
    return tuple(map(str, msgspec.structs.astuple(row)))


def lines(found: DeadLetterDetail) -> Iterator[str]:
    """A dead letter in words."""
    yield f"dead letter {found.id}: {found.what}"
    yield f"when: {found.at}, after {found.attempts} attempts, status {found.status}"
    yield f"where: {found.function}, subject {found.subject}, call id {found.call_id}"
    if found.run:
        yield f"run: {found.run}"
    if found.message is None:
        yield f"payload: {found.payload_bytes} bytes, {found.not_a_message}"
        if found.payload_head:
            yield f"begins with: {found.payload_head}"
    else:
        yield "payload: " + msgspec.json.format(msgspec.json.encode(found.message)).decode()
    yield "error:"
    yield found.detail


def forged(kept: StoredDeadLetter, key: bytes, now: float) -> str:
    """Why the dead letter is not ours, or nothing: to replay it is to sign it anew.

    The signature's age is no matter here: the letter may have lain for days.
    """
    letter = kept.letter
    try:
        verify(key, letter.function, letter.payload, letter.signature, now, max_age=math.inf)
    except SignatureError as error:
        return str(error)
    return ""
