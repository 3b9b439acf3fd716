"""SeaweedFS's volumes, put in order before it starts.

A full disk may cut off the last entry of an index; SeaweedFS then does not load that volume.
"""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

KEY, SIZE = 8, 4  # bytes of an entry, beside those of the offset


class _Volume(Struct, rename="camel"):
    bytes_offset: int = 0


_decode = msgspec.json.Decoder(_Volume).decode


def mend(folder: Path) -> None:
    """Remove what was cut off from the indexes in `folder`: of writes never acknowledged."""
    for index in folder.glob("*.idx"):
        offset = _bytes_of_offsets(index.with_suffix(".vif"))
        size = index.stat().st_size
        rest = size % (KEY + offset + SIZE) if offset else 0
        if rest:
            os.truncate(index, size - rest)


def _bytes_of_offsets(description: Path) -> int:
    """4 or 5, as SeaweedFS was built that made the volume; 0: it was not written down."""
    try:
        return _decode(description.read_bytes()).bytes_offset
    except (FileNotFoundError, msgspec.MsgspecError):
        return 0
