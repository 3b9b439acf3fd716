"""The codecs of faastraingym.schemas.payloads, with their time recorded as spans."""

from msgspec import Struct

from faastraingym.adapters.stage.spans import span
from faastraingym.schemas import payloads
from faastraingym.schemas.payloads import Payload


def dump(payload: Struct) -> bytes:
    """The payload's bytes; PayloadError: an array has a dtype that is not for the wire."""
    with span("msgpack"):
        return payloads.dump(payload)


def load(data: bytes | memoryview, kind: type[Payload]) -> Payload:
    """The payload of type `kind` in `data`; PayloadError: there is none."""
    with span("msgpack"):
        return payloads.load(data, kind)
