"""How far a run is, folded fact by fact: pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from faastraingym.events.ports import Recorded
from faastraingym.schemas.messages import (
    EvaluationCompleted,
    PolicyUpdated,
    ReportWritten,
    RewardsReady,
    RunRequested,
    RunResumed,
    RunStarted,
    RunUnreported,
)

WINDOW = 10  # versions over which the speed is measured


class Progress(Struct, frozen=True, kw_only=True):
    """A run while it goes on."""

    run: str
    leg: int = 0  # the one that is followed to its end
    environment: str = ""
    algorithm: str = ""
    budget: int = 0  # environment steps; 0: not known
    target: float | None = None
    version: int = 0
    env_steps: int = 0
    training_return: float | None = None  # mean over the last batch's episodes
    evaluation_return: float | None = None
    evaluations: tuple[float, ...] = ()
    first_at: float = 0.0
    last_at: float = 0.0
    window: tuple[tuple[float, int], ...] = ()  # (time, environment steps) of the last versions
    learner_begins: bool = False  # its first work is awaited, which JAX compiles
    ended: bool = False

    @property
    def steps_per_second(self) -> float | None:
        """Environment steps per second of the last versions; None before there are two."""
        if len(self.window) < 2 or self.window[-1][0] <= self.window[0][0]:
            return None
        (began, steps_then), (now, steps_now) = self.window[0], self.window[-1]
        return (steps_now - steps_then) / (now - began)


def advance(progress: Progress, record: Recorded) -> Progress:
    """`progress` after one more fact."""
    first = progress.first_at or record.at
    progress = replace(progress, first_at=first, last_at=record.at)
    match record.fact:
        case RunRequested(spec=spec):
            return replace(progress, **requested(spec))
        case RunStarted():
            return replace(progress, learner_begins=True)
        case PolicyUpdated(policy=policy):
            window = (*progress.window, (record.at, policy.env_steps))[-WINDOW:]
            return replace(
                progress,
                version=policy.version,
                env_steps=policy.env_steps,
                window=window,
                learner_begins=False,
            )
        case RewardsReady(episodes=episodes):
            mean = episodes.return_sum / episodes.episodes if episodes.episodes else None
            return replace(
                progress,
                training_return=progress.training_return if mean is None else mean,
                learner_begins=progress.version == 0,
            )
        case EvaluationCompleted(return_mean=mean):
            curve = (*progress.evaluations, mean)
            return replace(progress, evaluation_return=mean, evaluations=curve)
        case RunResumed(env_steps=budget, target=target):
            return replace(progress, budget=budget, target=target)
        case ReportWritten(leg=leg) | RunUnreported(leg=leg):
            return replace(progress, ended=leg >= progress.leg)
    return progress


def requested(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What the raw specification says of the run; it may be anything, for it was not checked."""
    budget, target = field(spec, "stop", "env_steps"), field(spec, "stop", "target")
    return {
        "environment": str(field(spec, "environment", "id") or ""),
        "algorithm": str(field(spec, "algorithm", "name") or ""),
        "budget": budget if isinstance(budget, int) else 0,
        "target": float(target) if isinstance(target, int | float) else None,
    }


def field(spec: Mapping[str, Any], table: str, key: str) -> Any:
    """`spec[table][key]`, or None where the raw specification has no such thing."""
    section = spec.get(table)
    return section.get(key) if isinstance(section, dict) else None
