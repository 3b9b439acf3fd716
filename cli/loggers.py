"""Loggers of a run that is followed or read: which are wanted, and what becomes of them."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial

from faastraingym.client import loop
from faastraingym.client.progress import View
from faastraingym.client.run import Run
from faastraingym.events.ports import Recorded
from faastraingym.events.views.run import RunView
from faastraingym.loggers.kinds import KINDS, Kind, Subject, open_writer
from faastraingym.loggers.recording import Recording
from faastraingym.loggers.rows import Rows
from faastraingym.schemas.messages import RunCompleted, RunFailed, RunResumed


def targets(arguments: Namespace) -> dict[Kind, str]:
    """The loggers that the command line names, and where each writes to."""
    named = ((kind, getattr(arguments, kind.name, None)) for kind in KINDS)
    return {kind: target for kind, target in named if target}


class Recordings:
    """Gives a run's facts, as rows, to all of its loggers."""

    def __init__(self) -> None:
        self._rows = Rows()
        self._status = ""
        self._notice: Callable[[str], None] = lambda text: None
        self.of: dict[Kind, Recording] = {}
        self.troubles: dict[Kind, str] = {}

    def open(self, kind: Kind, target: str, subject: Subject) -> None:
        """One more logger.

        Raises:
            LoggerError: it cannot write.
        """
        writer = open_writer(kind, target, subject)
        self.of[kind] = Recording(kind.name, writer, partial(self._tell, kind))

    def add(self, record: Recorded) -> None:
        """The row of a fact that has one."""
        match record.fact:
            case RunCompleted():
                self._status = "completed"
            case RunFailed():
                self._status = "failed"
            case RunResumed():
                self._status = ""
        row = self._rows.add(record)
        for recording in self.of.values() if row else ():
            recording.add(row)  # type: ignore[arg-type]

    def beside(self, view: View) -> View:
        """`view`, where all that is shown is recorded, too."""
        self._notice = view.notice
        return _Recorded(self, view) if self.of else view

    def close(self) -> None:
        """All that waits is written."""
        for recording in self.of.values():
            recording.close(self._status)

    def _tell(self, kind: Kind, trouble: str) -> None:
        self.troubles[kind] = trouble
        self._notice(trouble)


class _Recorded:
    """A View that records what another one shows."""

    def __init__(self, recordings: Recordings, view: View) -> None:
        self._recordings, self.replicas, self.notice = recordings, view.replicas, view.notice
        self._show = view.show

    def show(self, run: RunView, record: Recorded) -> None:
        """Both."""
        self._recordings.add(record)
        self._show(run, record)


@contextmanager
def opened(
    arguments: Namespace, subject: Subject, remark: Callable[[str], None]
) -> Iterator[Recordings]:
    """The wanted loggers of a run, closed at the end; then what went wrong, and what to do.

    Raises:
        LoggerError: one of them cannot write.
    """
    made, wanted = Recordings(), targets(arguments)
    with ExitStack() as stack:
        stack.callback(_conclude, made, wanted, subject.run, remark)
        for kind, target in wanted.items():
            made.open(kind, target, subject)
        yield made


def of_run(
    arguments: Namespace, run: Run, remark: Callable[[str], None]
) -> AbstractContextManager[Recordings]:
    """As `opened`, of a run that was started before."""
    if not targets(arguments):
        return nullcontext(Recordings())
    requested = loop.run(run.aio.history()).requested
    return opened(arguments, Subject(run.name, requested.spec if requested else {}), remark)


def _conclude(
    made: Recordings, wanted: Mapping[Kind, str], run: str, remark: Callable[[str], None]
) -> None:
    made.close()
    for kind, trouble in made.troubles.items():
        remark(f"faastrain: {trouble}")
        remark(
            f"`faastrain export-metrics {run} --{kind.name} {wanted[kind]}` writes what is missing"
        )
