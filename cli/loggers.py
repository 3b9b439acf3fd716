"""Loggers at the command line: which are wanted, and what is said when one fails."""

from argparse import Namespace
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from faastraingym.client import loop, recordings
from faastraingym.client.recordings import Recordings
from faastraingym.client.run import Run
from faastraingym.loggers.kinds import KINDS, Kind, Subject


def targets(arguments: Namespace) -> dict[Kind, str]:
    """The loggers that the command line names, and where each writes to."""
    named = ((kind, getattr(arguments, kind.name, None)) for kind in KINDS)
    return {kind: target for kind, target in named if target}


def opened(
    arguments: Namespace, subject: Subject, remark: Callable[[str], None]
) -> AbstractContextManager[Recordings]:
    """The wanted loggers of a run, closed at the end; then what went wrong, and what to do.

    Raises:
        LoggerError: one of them cannot write.
    """
    wanted = targets(arguments)

    def tell(trouble: str, kind: Kind) -> None:
        remark(f"faastrain: {trouble}")
        again = f"faastrain export-metrics {subject.run} --{kind.name} {wanted[kind]}"
        remark(f"`{again}` writes what is missing")

    return recordings.opened(wanted, subject, tell)


def of_run(
    arguments: Namespace, run: Run, remark: Callable[[str], None]
) -> AbstractContextManager[Recordings]:
    """As `opened`, of a run that was started before."""
    if not targets(arguments):
        return nullcontext(Recordings())
    return opened(arguments, loop.run(run.aio.subject()), remark)
