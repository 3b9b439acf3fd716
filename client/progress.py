"""How a followed run is shown: drawn on a terminal or in a notebook, as plain lines, or not."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, Self, TextIO, runtime_checkable

from faastraingym.client.sparkline import sparkline
from faastraingym.client.text import printable
from faastraingym.events.ports import Recorded
from faastraingym.events.views.phrases import evaluation, phrase
from faastraingym.events.views.run import RunView, Watched
from faastraingym.schemas.messages import (
    EpisodesEvaluated,
    EvaluationCompleted,
    InvocationDeadLettered,
    PolicyUpdated,
    RewardsReady,
    RolloutCompleted,
    RunRequested,
    tag,
)

NO_CURSOR = ("dumb", "unknown")  # terminals on which nothing can be drawn again in its place
VERSION_SECONDS = 5.0  # between two lines about versions, by the log's own clock


@runtime_checkable
class View(Protocol):
    """Shows a run while it is followed."""

    def show(self, run: RunView, record: Recorded) -> None:
        """A fact, and the run as it stands with it."""

    def replicas(self, counts: Mapping[str, int] | None) -> None:
        """Available replicas by function; None: the gateway does not answer."""

    def notice(self, text: str) -> None:
        """Something about following itself; an empty text: what it was is over."""


def _in_notebook() -> bool:
    """Whether a kernel runs this process; IPython alone may be imported anywhere."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None


@contextmanager
def shown(
    run: str, out: TextIO, write: Callable[[str], None], environment: Mapping[str, str] = os.environ
) -> Iterator[View]:
    """What a person wants to look at: a bar in a notebook or on a terminal, else lines."""
    if _in_notebook() and out is sys.stdout:
        from faastraingym.client.notebook import NotebookView

        with NotebookView(run) as notebook:
            yield notebook
    elif out.isatty() and environment.get("TERM") not in NO_CURSOR:
        from faastraingym.client.live import LiveView

        with LiveView(out, run) as live:
            yield live
    else:
        yield PlainView(write)


def outlasting(write: Callable[[str], None]) -> Callable[[str], None]:
    """`write`, which writes nothing more once its reader has closed the pipe: the run matters."""
    is_closed = False

    def tell(text: str) -> None:
        nonlocal is_closed
        if not is_closed:
            try:
                write(text)
            except BrokenPipeError:
                is_closed = True

    return tell


class Silent:
    """Shows nothing."""

    def show(self, run: RunView, record: Recorded) -> None:
        """Nothing."""

    def replicas(self, counts: Mapping[str, int] | None) -> None:
        """Nothing."""

    def notice(self, text: str) -> None:
        """Nothing."""


class Drawn:
    """Remembers what is to be seen; its subclasses draw that again and again in its place.

    It is a context: `begin` draws for the first time, `end` for the last.
    """

    def __init__(self, run: str) -> None:
        self.run = Watched(run=run).view
        self.counts: Mapping[str, int] | None = {}
        self.text = ""

    def show(self, run: RunView, record: Recorded) -> None:
        """Remember the run."""
        self.run = run
        self.changed()

    def replicas(self, counts: Mapping[str, int] | None) -> None:
        """Remember them."""
        self.counts = counts
        self.changed()

    def notice(self, text: str) -> None:
        """Remember it."""
        self.text = text
        self.changed()

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self) -> None:
        """Nothing has been drawn yet."""

    def changed(self) -> None:
        """Something is to be drawn."""

    def end(self) -> None:
        """Nothing will be drawn again."""

    @property
    def title(self) -> str:
        """Which run it is, and what it is for."""
        return printable(f"{self.run.run}: {without_payload(self.run)}")

    @property
    def numbers(self) -> str:
        """Where the run is."""
        version = [] if self.run.evaluating else [f"version {self.run.version or 0}"]
        text = ", ".join([*version, *figures(self.run)])
        return printable(f"{self.run.status}: {text}")

    @property
    def done(self) -> float:
        """The part of the budget or of the episodes, 0 to 1; 0 while these are not known."""
        if playing := self.run.evaluating:
            return playing.played / playing.wanted if playing.wanted else 0.0
        return min(1.0, (self.run.env_steps or 0) / self.run.budget) if self.run.budget else 0.0

    @property
    def working(self) -> str:
        """Which functions run, and how often."""
        if self.counts is None:
            return "replicas: the gateway does not answer"
        running = [f"{name} {count}" for name, count in self.counts.items() if count]
        return "replicas: " + (", ".join(running) or "none")

    @property
    def details(self) -> Iterator[tuple[str, str]]:
        """Further lines, each with its colour."""
        yield self.working, "dim"
        if self.run.evaluations:
            yield f"evaluations {sparkline(self.run.evaluations)}", "cyan"
        if self.text:
            yield printable(self.text), "yellow"


class PlainView:
    """One line for each fact that a person cares for; no control characters."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._version_at = 0.0
        self._noticed = ""

    def show(self, run: RunView, record: Recorded) -> None:
        """Write the fact's line, unless it is one of too many."""
        often = PolicyUpdated | EpisodesEvaluated if run.evaluating else PolicyUpdated
        if isinstance(record.fact, often):
            if record.at - self._version_at < VERSION_SECONDS:
                return
            self._version_at = record.at
        text = line(run, record)
        if text:
            self._write(f"{record.at - run.requested_at:8.1f} s  {text}")

    def replicas(self, counts: Mapping[str, int] | None) -> None:
        """Not printed: it would be a line every second."""

    def notice(self, text: str) -> None:
        """Write it, unless it is the newest one that was written, as when JAX compiles again."""
        if text and text != self._noticed:
            self._noticed = text
            self._write(text)


def line(run: RunView, record: Recorded) -> str | None:
    """A fact in words, with what the run as it stands adds; None for what comes too often."""
    match record.fact:
        case RunRequested():
            return f"requested: {without_payload(run)}"
        case RolloutCompleted() | RewardsReady():
            return None
        case PolicyUpdated() | EpisodesEvaluated() if run.evaluating:
            return ", ".join(figures(run))
        case EpisodesEvaluated():
            return None
        case PolicyUpdated():
            return f"version {run.version}: {', '.join(figures(run))}"
        case EvaluationCompleted() as fact:
            return f"evaluation of {evaluation(fact)}"
        case InvocationDeadLettered():
            return phrase(record.fact)
    words = phrase(record.fact)
    name = re.sub("[-.]", " ", tag(record.fact).removeprefix("run."))
    return f"{name}: {words}" if words else name


def without_payload(run: RunView) -> str:
    """What the run is."""
    parts = [f"{run.environment} with {run.algorithm}"]
    if run.budget:
        parts.append(f"budget {run.budget:,.0f} steps")
    if run.evaluating:
        parts.append(f"{run.evaluating.wanted:,} episodes of {run.evaluating.policy}")
    if run.target is not None:
        parts.append(f"target {run.target:g}")
    return ", ".join(parts)


def figures(run: RunView) -> Sequence[str]:
    """Where the run is, in numbers."""
    if playing := run.evaluating:
        mean = [] if playing.return_mean is None else [f"return {playing.return_mean:.2f}"]
        return [f"{playing.played:,} of {playing.wanted:,} episodes", *mean]
    of_budget = f" of {run.budget:,.0f}" if run.budget else ""
    found = [f"{run.env_steps or 0:,}{of_budget} steps"]
    if run.training_return is not None:
        found.append(f"return {run.training_return:.2f}")
    if run.evaluation is not None:
        found.append(f"evaluation {run.evaluation.return_mean:.2f}")
    if run.steps_per_second is not None:
        found.append(f"{run.steps_per_second:,.0f} steps/s")
    return found
