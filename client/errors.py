"""What can go wrong, for a person: each text says in a line what, where, and what to do.

Error
├── BadInput            the caller's mistake
├── StackTrouble        the stack is away or cannot do it
│   └── BeingRestored   the broker lost the run, which the store still has
└── RunFailed           a run or an experiment failed
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Error(Exception):
    """Base of everything that `faastraingym` raises for a person."""


class BadInput(Error):  # noqa: N818  the condition's own name
    """A specification, a run or an argument that cannot be used."""


class StackTrouble(Error):  # noqa: N818
    """The stack does not run, does not answer, or refuses."""


class BeingRestored(StackTrouble):
    """What the broker lost of a run is being restored from the copies in the store."""


class RunFailed(Error):  # noqa: N818
    """A run or an experiment failed; the text has its reason and the function's error."""


@contextmanager
def as_ours(environment: Mapping[str, str]) -> Iterator[None]:
    """Raise what the floors below raise for the stack's troubles as StackTrouble.

    Its text has a second line where the disk of the stack is full.
    """
    try:
        yield
    except _foreign() as error:
        raise StackTrouble("\n".join(filter(None, (str(error), _disk(environment))))) from error


def _foreign() -> tuple[type[Exception], ...]:
    """Evaluated only after an exception, for these imports are heavy."""
    from faastraingym.adapters.errors import AdapterError
    from faastraingym.embedded.errors import EmbeddedError
    from faastraingym.events.ports import Unavailable
    from faastraingym.events.topology.stack_file import StackError
    from faastraingym.loggers.errors import LoggerError
    from faastraingym.schemas.errors import SchemaError

    return AdapterError, EmbeddedError, Unavailable, StackError, LoggerError, SchemaError


def _disk(environment: Mapping[str, str]) -> str:
    from faastraingym.client.servers import disk_trouble
    from faastraingym.embedded.errors import StackError

    try:
        return disk_trouble(environment)
    except StackError:  # there is no home to have a disk
        return ""
