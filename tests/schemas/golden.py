"""Golden files: the bytes of every message type and version, as they once went over the wire.

`golden/<type>.<version>.msgpack`. A file is never changed. When a type gains a field, its sample
gets the field and the next version a file: `python -m tests.schemas.golden <type>`.
"""

import sys
from pathlib import Path

from faastraingym.schemas.messages import encode, tag
from tests.schemas.samples import SAMPLES

FOLDER = Path(__file__).parent / "golden"


def versions(name: str) -> list[Path]:
    """The files of a message type, oldest first."""
    return sorted(FOLDER.glob(f"{name}.*.msgpack"), key=lambda path: int(path.suffixes[-2][1:]))


def add(name: str) -> Path:
    """Write the next version's file."""
    [sample] = [sample for sample in SAMPLES if tag(sample) == name]
    path = FOLDER / f"{name}.{len(versions(name)) + 1}.msgpack"
    path.write_bytes(encode(sample))
    return path


if __name__ == "__main__":
    for wanted in sys.argv[1:]:
        sys.stdout.write(f"{add(wanted)}\n")
