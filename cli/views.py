"""How a followed run is shown: as plain lines for pipes and files, or not at all."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from faastraingym.events.ports import Recorded
from faastraingym.events.views.phrases import evaluation, phrase
from faastraingym.events.views.run import RunView
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

    def show(self, run: RunView, record: Recorded) -> None:
        """A fact, and the run as it stands with it."""

    def replicas(self, counts: Mapping[str, int] | None) -> None:
        """Available replicas by function; None: the gateway does not answer."""

    def notice(self, text: str) -> None:
        """Something about following itself; an empty text: what it was is over."""


class PlainView:
    """One line for each fact that a person cares for; no control characters."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._version_at = 0.0

    def show(self, run: RunView, record: Recorded) -> None:
        """Write the fact's line, unless it is one of too many."""
        if isinstance(record.fact, PolicyUpdated):
            if record.at - self._version_at < VERSION_SECONDS:
                return
            self._version_at = record.at
        text = line(run, record)
        if text:
            self._write(f"{record.at - run.requested_at:8.1f} s  {text}")

    def replicas(self, counts: Mapping[str, int] | None) -> None:
        """Not printed: it would be a line every second."""

    def notice(self, text: str) -> None:
        """Write it."""
        if text:
            self._write(text)


def line(run: RunView, record: Recorded) -> str | None:
    """A fact in words, with what the run as it stands adds; None for what comes too often."""
    match record.fact:
        case RunRequested():
            return f"requested: {without_payload(run)}"
        case RolloutCompleted() | RewardsReady() | EpisodesEvaluated():
            return None
        case PolicyUpdated():
            return f"version {run.version}: {', '.join(figures(run))}"
        case EvaluationCompleted() as fact:
            return f"evaluation of {evaluation(fact)}"
        case InvocationDeadLettered():
            return phrase(record.fact)
    words = phrase(record.fact)
    name = tag(record.fact).removeprefix("run.").replace("-", " ")
    return f"{name}: {words}" if words else name


def without_payload(run: RunView) -> str:
    """What the run is."""
    parts = [f"{run.environment} with {run.algorithm}"]
    if run.budget:
        parts.append(f"budget {run.budget:,.0f} steps")
    if run.target is not None:
        parts.append(f"target {run.target:g}")
    return ", ".join(parts)


def figures(run: RunView) -> Sequence[str]:
    """Where the run is, in numbers."""
    of_budget = f" of {run.budget:,.0f}" if run.budget else ""
    found = [f"{run.env_steps or 0:,}{of_budget} steps"]
    if run.training_return is not None:
        found.append(f"return {run.training_return:.2f}")
    if run.evaluation is not None:
        found.append(f"evaluation {run.evaluation.return_mean:.2f}")
    if run.steps_per_second is not None:
        found.append(f"{run.steps_per_second:,.0f} steps/s")
    return found
