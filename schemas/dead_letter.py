"""Dead letters: deliveries that were given up."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from faastraingym.schemas.messages import read

OVERTIME = 504  # status of work that ran too long; its error ends with a remedy


class Omitted(Struct, frozen=True, kw_only=True):
    """A payload that is not stored, since its sender is unknown."""

    size: Annotated[int, Meta(description="bytes")]
    sha256: str


class DeadLetter(Struct, frozen=True, kw_only=True):
    """The payload as it came, the function's last answer, and the history."""

    function: str
    subject: str
    call_id: str
    payload: bytes
    attempts: int
    status: int
    error: str
    at: Annotated[float, Meta(description="Unix time, seconds")]
    queued_at: Annotated[
        float | None, Meta(description="when the message was published: Unix time, the broker's")
    ] = None
    signature: Annotated[str, Meta(description="as it came; empty: unsigned")] = ""
    run: Annotated[str, Meta(description="that it asks for or is of; empty: unknown")] = ""
    omitted: Annotated[Omitted | None, Meta(description="`payload` is empty then")] = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(DeadLetter)


def encode(letter: DeadLetter) -> bytes:
    """The record's bytes."""
    return _encoder.encode(letter)


def decode(data: bytes) -> DeadLetter:
    """The record in `data`.

    Raises:
        MessageError: `data` is no dead letter.
    """
    return read(_decoder, data, "a dead letter")
