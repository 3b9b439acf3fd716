"""Who may ask a function, as its annotation in stack.yml says it."""

from collections.abc import Mapping
from typing import Any

ADMITS = "com.faastraingym.admits"
SIGNED = "signature"  # what this pipeline signed
EVENT = "event"  # that, and whoever shows the trigger's token or signs with it
ANYBODY = "anybody"  # as without the annotation


def admits(annotations: Mapping[str, Any]) -> str:
    """One of the three.

    Raises:
        ValueError: the annotation says something else.
    """
    found = str(annotations.get(ADMITS) or ANYBODY)
    if found not in (SIGNED, EVENT, ANYBODY):
        raise ValueError(f"{ADMITS}: found {found!r:.40}; allowed: {SIGNED}, {EVENT}, {ANYBODY}")
    return found
