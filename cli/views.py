"""How a followed run is shown: as plain lines for pipes and files, or not at all."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from faastraingym.cli.phrases import evaluation, phrase
from faastraingym.cli.progress import Progress
from faastraingym.events.ports import Recorded
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

VERSION_SECONDS = 5.0  # between two lines about versions, by the log's own clock


class View(Protocol):
    """Shows a run while it is followed."""

    def show(self, progress: Progress, record: Recorded) -> None:
        """A fact, and how far the run is with it."""

    def replicas(self, counts: Mapping[str, int] | None) -> None:
        """Available replicas by function; None: the gateway does not answer."""

    def notice(self, text: str) -> None:
        """Something about following itself; an empty text: what it was is over."""


class PlainView:
    """One line for each fact that a person cares for; no control characters."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._version_at = 0.0

    def show(self, progress: Progress, record: Recorded) -> None:
        """Write the fact's line, unless it is one of too many."""
        if isinstance(record.fact, PolicyUpdated):
            if record.at - self._version_at < VERSION_SECONDS:
                return
            self._version_at = record.at
        text = line(progress, record)
        if text:
            self._write(f"{record.at - progress.first_at:8.1f} s  {text}")

    def replicas(self, counts: Mapping[str, int] | None) -> None:
        """Not told: it would be a line every second."""

    def notice(self, text: str) -> None:
        """Write it."""
        if text:
            self._write(text)


def line(progress: Progress, record: Recorded) -> str | None:
    """A fact in words, with what the run's progress adds; None for what comes too often."""
    match record.fact:
        case RunRequested():
            return f"requested: {headline(progress)}"
        case RolloutCompleted() | RewardsReady() | EpisodesEvaluated():
            return None
        case PolicyUpdated():
            return f"version {progress.version}: {', '.join(figures(progress))}"
        case EvaluationCompleted() as fact:
            return f"evaluation of {evaluation(fact)}"
        case InvocationDeadLettered():
            return phrase(record.fact)
    words = phrase(record.fact)
    name = tag(record.fact).removeprefix("run.").replace("-", " ")
    return f"{name}: {words}" if words else name


def headline(progress: Progress) -> str:
    """What the run is."""
    parts = [f"{progress.environment} with {progress.algorithm}"]
    if progress.budget:
        parts.append(f"budget {progress.budget:,} steps")
    if progress.target is not None:
        parts.append(f"target {progress.target:g}")
    return ", ".join(parts)


def figures(progress: Progress) -> Sequence[str]:
    """Where the run is, in numbers."""
    of_budget = f" of {progress.budget:,}" if progress.budget else ""
    found = [f"{progress.env_steps:,}{of_budget} steps"]
    if progress.training_return is not None:
        found.append(f"return {progress.training_return:.2f}")
    if progress.evaluation_return is not None:
        found.append(f"evaluation {progress.evaluation_return:.2f}")
    if progress.steps_per_second is not None:
        found.append(f"{progress.steps_per_second:,.0f} steps/s")
    return found
