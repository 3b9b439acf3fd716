"""Which requests a function admits, by its annotation in stack.yml."""

from collections.abc import Mapping
from typing import Any

ADMITS = "com.faastraingym.admits"
SIGNED = "signature"  # messages that this pipeline signed
EVENT = "event"  # the same, and senders with the trigger's token or a signature by it
ANYBODY = "anybody"  # the default


def admits(annotations: Mapping[str, Any]) -> str:
    """The value of the annotation; ValueError if it is none of the three."""
    found = str(annotations.get(ADMITS) or ANYBODY)
    if found not in (SIGNED, EVENT, ANYBODY):
        raise ValueError(f"{ADMITS}: found {found!r:.40}; allowed: {SIGNED}, {EVENT}, {ANYBODY}")
    return found
