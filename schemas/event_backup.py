"""Event backups: pieces of the log of facts, as the object store has them."""

from collections.abc import Sequence

import msgspec

from faastraingym.schemas.messages import Fact, Message, read

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
    return [*read(_decoder, data, "a copy of facts")]
