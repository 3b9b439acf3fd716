"""What the store knows of a dataset of episodes, beside its parts."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.references import Count, Sha256

MAX_RECORD = 4 << 20  # bytes


class DatasetPart(Struct, frozen=True, kw_only=True):
    """Some of a dataset's episodes, in an object that is named by its SHA-256."""

    sha256: Sha256
    size: Annotated[int, Meta(ge=1, description="bytes")]
    entries: Annotated[int, Meta(ge=2, description="transitions, and each episode's final one")]


class DatasetRecord(Struct, frozen=True, kw_only=True):
    """A dataset; its own SHA-256 is that of this record's bytes, and so of all that it names."""

    spaces: Annotated[list[Any], Meta(description="of its environment: values of a SpaceInfo")]
    episodes: Count
    parts: list[DatasetPart]

    @property
    def entries(self) -> int:
        """Transitions, and each episode's final observation."""
        return sum(part.entries for part in self.parts)


def dump(record: DatasetRecord) -> bytes:
    """The record's bytes; equal records give equal bytes."""
    return msgspec.msgpack.encode(record)


def load(data: bytes) -> DatasetRecord:
    """The record in `data`.

    Raises:
        PayloadError: there is none.
    """
    try:
        return msgspec.msgpack.decode(data, type=DatasetRecord)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise PayloadError(f"not a record of a dataset: {error}") from error
