"""Which requests a function admits, by its annotation in stack.yml."""

from collections.abc import Mapping
from typing import Any

ADMITS = "com.faastraingym.admits"
SIGNED = "signature"  # messages that this pipeline signed
EVENT = "event"  # the same, and senders with the trigger's token or a signature by it
CALLER = "caller"  # requests that show the token of a caller, one of those of ftg-caller-tokens
ANYBODY = "anybody"  # the default
ALL = (SIGNED, EVENT, CALLER, ANYBODY)


def admits(annotations: Mapping[str, Any]) -> str:
    """The value of the annotation; ValueError if it is none of these."""
    found = str(annotations.get(ADMITS) or ANYBODY)
    if found not in ALL:
        raise ValueError(f"{ADMITS}: found {found!r:.40}; allowed: {', '.join(ALL)}")
    return found
