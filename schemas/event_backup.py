"""Copies of the log of facts, as the object store keeps them."""

from collections.abc import Sequence

import msgspec

from faastraingym.schemas.errors import MessageError
from faastraingym.schemas.messages import Fact, Message

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Fact])


def dump(facts: Sequence[Message]) -> bytes:
    """The facts' bytes, in order."""
    return _encoder.encode(facts)


def load(data: bytes) -> list[Message]:
    """The facts in `data`.

    Raises:
        MessageError: `data` is no such copy.
    """
    try:
        return list(_decoder.decode(data))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MessageError(f"not a copy of facts: {error}") from error
