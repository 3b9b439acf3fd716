"""The boundary around foreign code: its exceptions become our error, in one sentence.

Foreign code are environments, the modules that register them, and NumPy and Gymnasium when they
process an environment's results. It may raise anything: SystemExit (simulators without a licence),
KeyboardInterrupt, exceptions whose own text raises. None of it may end a process that has other
work. Only an end of the process itself (os._exit, a crash in C) cannot be caught.
"""

import re
import signal
import sys
import threading
from collections.abc import Callable
from traceback import walk_tb
from types import TracebackType

from faastraingym.algorithms.errors import EnvironmentFailed, Misfit

# What says it where an exception has no attribute for it, as Gymnasium's DependencyNotInstalled.
NOT_FOUND = re.compile(r"No module named '([\w.]+)'|^(\w+) is not installed")
PACKAGE = re.compile("^.*/[0-9a-f]{64}/")  # the folder that one is unpacked to, by its SHA-256
# To do about a missing module of a package's environment.
ADD_OR_INSTALL = (
    "`faastrain env add` its wheel if it is pure Python, else install it where the functions run"
)
MAX_WORDS = 500  # characters of a foreign text that a sentence of ours holds
# Packages whose frames do not show the user's mistake; besides the standard library's.
KNOWN = {"faastraingym", "gymnasium", "numpy"}


class foreign:  # noqa: N801  reads as a clause: `with foreign("CartPole-v1 could not be built")`
    """Turns each exception of foreign code into EnvironmentFailed, whose cause it becomes.

    `what` begins its sentence; a function is called when something was raised. The user's own
    Ctrl-C passes.
    """

    def __init__(self, what: str | Callable[[], str]) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise ours from theirs; leave ours as it is."""
        if error is None or isinstance(error, EnvironmentFailed) or _is_of_the_user(error):
            return
        what = self._what if isinstance(self._what, str) else self._what()
        raise EnvironmentFailed(f"{what}: {described(error)}") from error


def described(error: BaseException) -> str:
    """A foreign exception in part of a sentence: type, text, and where in the user's file."""
    if isinstance(error, Misfit):
        return words(error)
    text, where = words(error), place(error)
    return " ".join(filter(None, (f"{type(error).__name__}{': ' if text else ''}{text}", where)))


def words(error: BaseException) -> str:
    """A foreign exception's own text, on one line, bounded and encodable."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001  the boundary: its text is computed by foreign code, too
        return "(without a text)"
    line = " ".join(text.encode(errors="replace").decode().split())
    return line if len(line) <= MAX_WORDS else f"{line[:MAX_WORDS]}..."


def missing(error: BaseException) -> str:
    """The module that an import did not find, if that is why this was raised; else nothing."""
    why: BaseException | None = error
    while why is not None and not isinstance(why, ModuleNotFoundError):
        why = why.__cause__
    named = getattr(why, "name", None)
    told = NOT_FOUND.search(words(why or error))
    return str(named or (told and (told[1] or told[2])) or "")


def place(error: BaseException) -> str:
    """The innermost line of neither ours nor a library's, or nothing."""
    ignored = KNOWN | sys.stdlib_module_names
    found = ""
    for frame, line in walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__") or "")
        if module.partition(".")[0] not in ignored:
            found = f"({file_of(frame.f_code.co_filename)}, line {line})"
    return found


def file_of(path: str) -> str:
    """A file as its author knows it: a package's without the folder that it was unpacked to."""
    return PACKAGE.sub("", path)


def _is_of_the_user(error: BaseException) -> bool:
    """Ctrl-C, which Python raises in the main thread; never in replicas, which handle SIGINT."""
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
