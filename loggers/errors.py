"""What ends a logger.

LoggerError
├── NoLibrary       its extra is not installed
└── CannotWrite     its file, folder or server does not take what it is given
"""


class LoggerError(Exception):
    """One sentence: what, where, what to do."""


class NoLibrary(LoggerError):  # noqa: N818  the condition's own name
    """The library of a logger is not installed."""


class CannotWrite(LoggerError):  # noqa: N818
    """A file, a folder or a server refuses."""
