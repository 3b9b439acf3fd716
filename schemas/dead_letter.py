"""What is kept of a delivery that was given up."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from faastraingym.schemas.errors import MessageError

OVERTIME = 504  # status of a letter whose work ran longer than it may; its error ends with a remedy


class Omitted(Struct, frozen=True, kw_only=True):
    """A payload that was not kept, for nobody who is known had sent it."""

    size: Annotated[int, Meta(description="bytes")]
    sha256: str


class DeadLetter(Struct, frozen=True, kw_only=True):
    """The payload as it came, what the function last answered, and the history."""

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
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MessageError(f"not a dead letter: {error}") from error
