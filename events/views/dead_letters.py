"""Dead letters: rows for a list, one letter in full. Pure."""

from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from faastraingym.events.ports import StoredDeadLetter
from faastraingym.events.views.phrases import last_line, timestamp
from faastraingym.schemas import messages
from faastraingym.schemas.dead_letter import DeadLetter
from faastraingym.schemas.errors import MessageError
from faastraingym.schemas.messages import Message, tag

SHOWN_BYTES = 64


class DeadLetterRow(Struct, frozen=True, kw_only=True):
    """One line of `faastrain dead list`."""

    id: int
    at: str  # RFC 3339
    function: str
    run: str  # empty: unknown
    what: str
    attempts: int
    status: int
    error: str  # its last line


class DeadLetterDetail(DeadLetterRow, frozen=True, kw_only=True):
    """`faastrain dead show`."""

    subject: str
    call_id: str
    detail: str  # the whole error
    payload_bytes: int
    message: Message | None
    payload_head: str  # hexadecimal, if the payload is no message
    not_a_message: str  # why


def row(kept: StoredDeadLetter) -> DeadLetterRow:
    """A letter on one line."""
    letter, (message, _) = kept.letter, decoded(kept)
    return DeadLetterRow(
        id=kept.id,
        at=timestamp(letter.at),
        function=letter.function,
        run=message.run if message else letter.run,
        what=_what(message) if message else f"{size(letter)} bytes",
        attempts=letter.attempts,
        status=letter.status,
        error=last_line(letter.error),
    )


def detail(kept: StoredDeadLetter) -> DeadLetterDetail:
    """All of a letter."""
    letter, (message, why) = kept.letter, decoded(kept)
    return DeadLetterDetail(
        **asdict(row(kept)),
        subject=letter.subject,
        call_id=letter.call_id,
        detail=letter.error,
        payload_bytes=size(letter),
        message=message,
        payload_head="" if message else letter.payload[:SHOWN_BYTES].hex(" "),
        not_a_message=why,
    )


def decoded(kept: StoredDeadLetter) -> tuple[Message | None, str]:
    """The message that could not be delivered; or None, and why it is none."""
    if kept.letter.omitted is not None:
        why = "which were not signed, so they were not stored and cannot be replayed"
        return None, f"{why}; SHA-256 {kept.letter.omitted.sha256}"
    try:
        return messages.decode(kept.letter.payload), ""
    except MessageError as error:
        return None, str(error)


def size(letter: DeadLetter) -> int:
    """Bytes of the payload, kept or not."""
    return letter.omitted.size if letter.omitted else len(letter.payload)


def is_of(kept: StoredDeadLetter, run: str) -> bool:
    """Whether the letter belongs to `run`."""
    message, _ = decoded(kept)
    return run == (message.run if message else kept.letter.run)


def _what(message: Message) -> str:
    place: Any = getattr(message, "trajectory", None) or getattr(message, "policy", None)
    index = getattr(message, "index", getattr(place, "index", None))
    parts = [tag(message)]
    if place is not None:
        parts.append(f"version {place.version}")
    if index is not None:
        parts.append(f"rollout {index}")
    return ", ".join(parts)
