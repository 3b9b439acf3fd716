"""What Ctrl-C leaves behind, told by who knows it: a note on the KeyboardInterrupt.

`main` prints the notes; the innermost one counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager

NOTHING = "interrupted: nothing was started"


@contextmanager
def leaving(what: str) -> Iterator[None]:
    """Where nobody within has told it, Ctrl-C in this context leaves `what`."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if not told(interrupt):
            interrupt.add_note(what)
        raise


def told(interrupt: KeyboardInterrupt) -> list[str]:
    """Its notes."""
    return getattr(interrupt, "__notes__", [])


def unknown(run: str) -> str:
    """Of a run whose request was on its way."""
    return f"interrupted: `faastrain show {run}` tells whether run {run} was started"


def going_on(run: str) -> str:
    """Of a run that needs no watcher."""
    return (
        f"the run continues; `faastrain follow {run}` watches it again, "
        f"`faastrain stop {run}` ends it"
    )
