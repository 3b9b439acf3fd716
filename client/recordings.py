"""A run's numbers, given to the loggers that a caller names, live and afterwards."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from faastraingym.client.errors import BadInput
from faastraingym.client.progress import View
from faastraingym.events.ports import Recorded
from faastraingym.events.views.run import RunView
from faastraingym.loggers.kinds import KINDS, Kind, Subject, open_writer
from faastraingym.loggers.recording import Recording
from faastraingym.loggers.rows import Rows
from faastraingym.schemas.messages import RunCompleted, RunFailed, RunResumed

Targets = Mapping[str, str | Path]  # where each logger writes to, by the logger's name
Trouble = Callable[[str, Kind], None]  # is told why a logger missed numbers


def wanted(targets: Targets | None) -> dict[Kind, str]:
    """The loggers of these names.

    Raises:
        BadInput: there is no such logger, or no place for it.
    """
    kinds = {kind.name: kind for kind in KINDS}
    for name, target in (targets or {}).items():
        if name not in kinds:
            raise BadInput(f"loggers: there is no logger {name!r}; there are {', '.join(kinds)}")
        if not isinstance(target, str | Path) or not str(target):
            kind = kinds[name]
            raise BadInput(f"loggers: {name} is {target!r}; name its {kind.takes}: {kind.help}")
    return {kinds[name]: str(target) for name, target in (targets or {}).items()}


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

    @property
    def numbers(self) -> dict[str, int]:
        """How many each logger wrote, by its name."""
        return {kind.name: recording.numbers for kind, recording in self.of.items()}

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
def opened(chosen: Mapping[Kind, str], subject: Subject, tell: Trouble) -> Iterator[Recordings]:
    """The loggers of a run, closed at the end; then `tell` hears of those that missed numbers.

    Raises:
        LoggerError: one of them cannot write.
    """
    made = Recordings()
    with ExitStack() as stack:
        stack.callback(_conclude, made, tell)
        for kind, target in chosen.items():
            made.open(kind, target, subject)
        yield made


def written(
    chosen: Mapping[Kind, str], subject: Subject, records: Iterable[Recorded], tell: Trouble
) -> dict[str, int]:
    """Give a run's facts to its loggers; how many numbers each had not got before, by its name.

    Raises:
        LoggerError: one of them cannot write.
    """
    with opened(chosen, subject, tell) as made:
        for record in records:
            made.add(record)
    return made.numbers


def _conclude(made: Recordings, tell: Trouble) -> None:
    made.close()
    for kind, trouble in made.troubles.items():
        tell(trouble, kind)
