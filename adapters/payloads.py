"""The codecs of schemas.payloads, whose time is told."""

from msgspec import Struct

from adapters.spans import span
from schemas import payloads
from schemas.payloads import Payload


def dump(payload: Struct) -> bytes:
    """The payload's bytes.

    Raises:
        PayloadError: an array of a dtype that is not for the wire.
    """
    with span("msgpack"):
        return payloads.dump(payload)


def load(data: bytes | memoryview, kind: type[Payload]) -> Payload:
    """The payload of type `kind` in `data`.

    Raises:
        PayloadError: `data` is not such a payload.
    """
    with span("msgpack"):
        return payloads.load(data, kind)
