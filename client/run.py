"""One run of a stack."""

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from msgspec import Meta

from faastraingym.client import curves, files, frames, loop, progress, recordings, runs
from faastraingym.client.arguments import checked
from faastraingym.client.async_run import AsyncRun
from faastraingym.client.errors import as_ours
from faastraingym.client.progress import Silent, View
from faastraingym.client.recordings import Recordings, Targets
from faastraingym.events.pipeline.removal import Holdings
from faastraingym.events.ports import Recorded
from faastraingym.loggers.kinds import Kind, Subject
from faastraingym.schemas.report import RunReport, Status

if TYPE_CHECKING:
    import gymnasium
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from faastraingym.client.async_client import AsyncClient
    from faastraingym.client.minari_datasets import Exported
    from faastraingym.client.playing import Evaluation
    from faastraingym.client.policy import Policy


class Run:
    """A run of a stack. It goes on whether or not anybody watches it.

    Every method asks the stack anew, and raises

    - BadInput: there is no such run,
    - StackTrouble: no stack runs, or it does not answer.

    Attributes:
        name: by which the stack, and `faastrain show NAME`, knows the run.
        aio: the same for asynchronous callers.
    """

    @checked
    def __init__(self, aio: AsyncRun) -> None:
        self.aio = aio
        self.name = aio.name

    def __repr__(self) -> str:
        return f"<Run {self.name}>"

    @property
    def status(self) -> Status:
        """`requested`, `running`, `stopping`, `completed` or `failed`."""
        return self.report().status

    @checked
    def report(self) -> RunReport:
        """The run as it stands: its specification, evaluations, curves, cost and policy."""
        return loop.run(self.aio.report())

    @checked
    def follow(self, loggers: Targets | None = None) -> RunReport:
        """Wait for the run's end and show its progress: in a notebook, on a terminal, or as lines.

        Args:
            loggers: write the run's numbers meanwhile, as of `log`: `{"tensorboard": "tb"}`. A
                warning tells when one fails; the run goes on.

        Raises:
            BadInput: there is no such logger.
            RunFailed: the run failed.
        """
        chosen = recordings.wanted(loggers)
        subject = loop.run(self.aio.subject()) if chosen else Subject(self.name, {})
        with (
            logged(self.aio.client, subject, chosen) as made,
            progress.shown(self.name, sys.stdout, progress.outlasting(print)) as view,
        ):
            return self.wait(made.beside(view))

    @checked
    def wait(self, view: View | None = None) -> RunReport:
        """Wait for the run's end.

        Args:
            view: is shown every fact meanwhile.

        Raises:
            RunFailed: the run failed.
        """
        try:
            report = loop.run(self.aio.follow(view or Silent()))
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(
                f"run {self.name} continues; Run.stop ends it, Run.follow watches it"
            )
            raise
        return runs.succeeded(report)

    @checked
    def log(self, **loggers: str | Path) -> dict[str, int]:
        """Write the run's numbers, as far as it has come, to loggers that have not got them yet.

        Args:
            **loggers: where each writes to: `tensorboard` a folder, `wandb` a project, `mlflow`
                the URI of a tracking server, `csv` and `jsonl` a file. TensorBoard, Weights &
                Biases and MLflow are extras: `pip install "faastraingym[tensorboard]"`.

        Returns:
            How many numbers each logger got that it had not, by its name.

        Raises:
            BadInput: there is no such logger.
            StackTrouble: a logger cannot write, or is not installed; the text says what to do.
        """
        return loop.run(self.aio.log(**loggers))

    @checked
    def stop(self) -> None:
        """Ask the run to end with the policy that it has; nothing happens to one that has ended."""
        loop.run(self.aio.stop())

    @checked
    def resume(
        self, budget: Annotated[int, Meta(ge=1)] | None = None, target: float | None = None
    ) -> "Run":
        """Let a run that has ended go on where it stopped, bit for bit; `follow` watches it.

        Args:
            budget: environment steps in all; None: as before.
            target: mean evaluation return at which the run ends; None: as before.

        Raises:
            BadInput: the run goes on, never started, or would end again at once.
        """
        loop.run(self.aio.resume(budget, target))
        return self

    @checked
    def remove(self, dry_run: bool = False) -> Holdings:
        """Remove the run, which has ended, with everything that the stack holds of it.

        Its name is never used again; what was copied from it stays, such as files and datasets.

        Args:
            dry_run: remove nothing.

        Returns:
            What was removed, or would be: facts and objects by kind, with bytes.

        Raises:
            BadInput: the run goes on.
        """
        return loop.run(self.aio.remove(dry_run))

    @checked
    def events(self, follow: bool = False) -> Iterator[Recorded]:
        """The run's facts in the order in which the log took them.

        Args:
            follow: those to come, too, up to the run's end.
        """
        return loop.iterate(self.aio.events(follow))

    @checked
    def policy(self) -> "Policy":
        """The policy that the report names, or of a run that goes on the newest one.

        A run that has ended reports the policy of its last version, which need not have had the
        best evaluation; `report().evaluations` has each version's. A run with a target ends at the
        version that reaches it.

        Raises:
            BadInput: there is none yet.
        """
        return loop.run(self.aio.policy())

    @checked
    def evaluation(self) -> "Evaluation":
        """The return and the length of each episode of the reported policy's evaluation.

        Of a run that goes on, those of its newest evaluation.

        Raises:
            BadInput: no evaluation has ended yet.
        """
        return loop.run(self.aio.evaluation())

    @checked
    def environment(self, render_mode: str | None = None) -> "gymnasium.Env[Any, Any]":
        """The environment that the run was trained in, built in this process.

        Code of one's own is that of the run's packages, verified by their SHA-256 and imported from
        folders of their own. Where they cannot be had, Python's path has it, which a warning tells
        unless it is the same.

        Args:
            render_mode: of Gymnasium, as "rgb_array", which `record_video` needs.

        Raises:
            BadInput: it cannot be built, or this process has another version of its code.
        """
        from faastraingym.client import training_environment

        return training_environment.made_here(self.aio.client, self.report(), render_mode)

    @checked
    def curve(self) -> np.ndarray:
        """The learning curve as a structured array, a row for each policy version.

        Its fields are `version` and `env_steps` (int64); `training_return` and
        `evaluation_return`, mean undiscounted returns, and what updates measured, such as
        `policy_loss` (float64, NaN where there is none).
        """
        return curves.table(self.report())

    @checked
    def dataframe(self) -> "DataFrame":
        """`curve` as a pandas DataFrame.

        Raises:
            BadInput: pandas is not installed.
        """
        return frames.dataframe(self.curve())

    @checked
    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Draw training and evaluation returns over environment steps, and the target.

        Args:
            axes: to draw into; None: a new figure's.
        """
        from faastraingym.functions.conclude_run import curve

        if axes is None:
            from matplotlib import pyplot

            axes = pyplot.subplots(figsize=curve.SIZE, layout="constrained")[1]
        curve.plot(self.report(), axes)
        return axes

    @checked
    def save(self, folder: str | Path | None = None, force: bool = False) -> list[Path]:
        """Write report, learning curve, policy and recordings into a folder.

        Args:
            folder: which; None: `runs/NAME`.
            force: replace files that have other content.

        Raises:
            BadInput: the run has not ended, or a file with other content is there.
        """
        found = loop.run(self.aio.files())
        return files.write_all(Path(folder or files.of_run(self.name)), found, force)

    @checked
    def export_minari(
        self,
        name: str,
        first: Annotated[int, Meta(ge=0)] | None = None,
        last: Annotated[int, Meta(ge=0)] | None = None,
    ) -> "Exported":
        """Write the run's trajectories as a dataset of Minari: whole episodes, as they were played.

        Observations and actions are the environment's, rewards its own, not transformed; the last
        observation of an episode is its final one. The metadata have the run, its algorithm, its
        specification and that one's SHA-256; each episode's have the version that learnt from its
        end, the slot, and the seed of its reset where the environment has one.

        Args:
            name: of the dataset, as "cartpole/dqn-v0"; it is in Minari's folder on this machine.
            first: the first version that learnt from what is written; None: the store's first.
            last: the last one, included; None: the store's last.

        Returns:
            Its `name`, `folder`, `first`, `last`, `episodes`, `steps`, and `left_out`, the steps of
            episodes that begin or end in other versions.

        Raises:
            BadInput: there is such a dataset, there are no such versions, or no episode is whole.
            StackTrouble: Minari is not installed.
        """
        return loop.run(self.aio.export_minari(name, first, last))


@contextmanager
def logged(
    client: "AsyncClient", subject: Subject, chosen: Mapping[Kind, str]
) -> Iterator[Recordings]:
    """The loggers of a run that is followed; a warning tells of each that missed numbers."""

    def tell(trouble: str, kind: Kind) -> None:
        again = f"Run.log({kind.name}={chosen[kind]!r})"
        warnings.warn(f"{trouble}; {again} writes what is missing", stacklevel=2)

    with ExitStack() as stack:
        with as_ours(client.world.environment):
            made = stack.enter_context(recordings.opened(chosen, subject, tell))
        yield made
