"""One experiment of a stack."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from faastraingym.client import loop, progress
from faastraingym.client.arguments import checked
from faastraingym.client.errors import RunFailed
from faastraingym.client.experiments import AsyncExperiment, telling
from faastraingym.client.run import Run
from faastraingym.events.pipeline.removal import Holdings
from faastraingym.events.ports import Recorded
from faastraingym.events.views.experiments import ExperimentReport
from faastraingym.schemas.report import Status

if TYPE_CHECKING:
    from faastraingym.client.comparison import Comparison


class Best(NamedTuple):
    """The trial of an experiment with the highest score."""

    trial: int  # its number
    settings: dict[str, Any]  # by their paths in the run specification
    score: float  # mean return over its runs' newest evaluations
    run: Run  # with the highest return; of equal ones that of the first seed
    runs: list[Run]  # in the order of seeds


class Experiment:
    """An experiment of a stack. It goes on whether or not anybody watches it.

    Every method asks the stack anew, and raises

    - BadInput: there is no such experiment,
    - StackTrouble: no stack runs, or it does not answer.

    Attributes:
        name: by which the stack, and `faastrain show NAME`, knows the experiment.
        aio: the same for asynchronous callers.
    """

    @checked
    def __init__(self, aio: AsyncExperiment) -> None:
        self.aio = aio
        self.name = aio.name

    def __repr__(self) -> str:
        return f"<Experiment {self.name}>"

    @property
    def status(self) -> Status:
        """`requested`, `running`, `stopping`, `completed` or `failed`."""
        return self.report().status

    @property
    def best(self) -> Best:
        """The trial with the highest score at the last rung, as the experiment stands.

        Raises:
            BadInput: no trial has a score yet.
        """
        found = loop.run(self.aio.best())
        runs = {name: Run(self.aio.client.run(name)) for name in found.scores}
        best = runs[found.run]
        return Best(found.trial, found.settings, found.score, best, list(runs.values()))

    @checked
    def report(self) -> ExperimentReport:
        """The experiment as it stands: its specification, state, cost, best and trials.

        Each of `rows` is a trial: its number, settings by path, state, score, environment steps,
        GB-seconds, runs, and why it stopped or failed.
        """
        return loop.run(self.aio.report())

    @checked
    def runs(self) -> list[Run]:
        """Its runs that were started so far, by trial and seed."""
        return [Run(run) for run in loop.run(self.aio.runs())]

    @checked
    def compare(self, target: float | None = None) -> "Comparison":
        """Compare its runs by configuration, as they stand.

        Args:
            target: mean evaluation return to be reached; None: the runs' own, if it is the same.

        Raises:
            BadInput: they cannot be compared, as none has an evaluation.
        """
        return loop.run(self.aio.compare(target))

    @checked
    def follow(self) -> ExperimentReport:
        """Wait for its end, and print a line for each of its facts.

        Raises:
            RunFailed: it was refused, or more trials failed than may.
        """
        write = progress.outlasting(print)
        return self._ended(telling(write), write)

    @checked
    def wait(self) -> ExperimentReport:
        """Wait for its end.

        Raises:
            RunFailed: it was refused, or more trials failed than may.
        """
        return self._ended(lambda _: None, lambda _: None)

    @checked
    def stop(self) -> None:
        """Ask it and its runs to end with what they have; nothing happens if it has ended."""
        loop.run(self.aio.stop())

    @checked
    def remove(self, dry_run: bool = False) -> Holdings:
        """Remove it, which has ended, and its runs, with everything that the stack holds of them.

        Their names are never used again; what was copied stays, such as models, files and datasets.

        Args:
            dry_run: remove nothing.

        Returns:
            What was removed, or would be: facts and objects by kind, with bytes.

        Raises:
            BadInput: it goes on, or one of its runs.
        """
        return loop.run(self.aio.remove(dry_run))

    def _ended(
        self, show: Callable[[Recorded], None], notice: Callable[[str], None]
    ) -> ExperimentReport:
        try:
            report = loop.run(self.aio.follow(show, notice))
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(
                f"experiment {self.name} continues; Experiment.stop ends it, Experiment.follow "
                "watches it"
            )
            raise
        if report.status == "failed":
            raise RunFailed(f"{self.name}: {report.reason}")
        return report
