"""A run's facts, folded: everything that anybody derives about a run derives from here."""

from collections.abc import Iterable

from msgspec import Struct, field

from events.ports import Recorded
from schemas.messages import (
    EvaluationCompleted,
    InvocationDeadLettered,
    PolicyUpdated,
    ReportWritten,
    RewardsReady,
    RolloutCompleted,
    RunCompleted,
    RunFailed,
    RunRequested,
    RunStarted,
    StopRequested,
)


class History(Struct, kw_only=True):
    """What was said about one run, by kind and identity."""

    requested: RunRequested | None = None
    started: RunStarted | None = None
    policies: dict[int, PolicyUpdated] = field(default_factory=dict)
    rollouts: dict[int, dict[int, RolloutCompleted]] = field(default_factory=dict)
    rewards: dict[int, RewardsReady] = field(default_factory=dict)
    evaluations: dict[int, EvaluationCompleted] = field(default_factory=dict)
    stop: StopRequested | None = None
    dead_letters: list[InvocationDeadLettered] = field(default_factory=list)
    end: RunCompleted | RunFailed | None = None
    first_at: float = 0.0
    last_at: float = 0.0
    end_at: float = 0.0
    report: ReportWritten | None = None

    @property
    def latest(self) -> PolicyUpdated | None:
        """The newest committed version."""
        return self.policies[max(self.policies)] if self.policies else None


def fold(records: Iterable[Recorded]) -> History:
    """The history that `records`, in the log's order, tell.

    Completion and failure are two subjects, so both may be said; the earlier one is the end.
    """
    history = History()
    for record in records:
        _add(history, record)
    return history


def _add(history: History, record: Recorded) -> None:
    history.first_at = history.first_at or record.at
    history.last_at = record.at
    match record.fact:
        case RunRequested() as fact:
            history.requested = fact
        case RunStarted() as fact:
            history.started = fact
        case PolicyUpdated(policy=policy) as fact:
            history.policies[policy.version] = fact
        case RolloutCompleted(trajectory=ref) as fact:
            history.rollouts.setdefault(ref.version, {})[ref.index] = fact
        case RewardsReady(policy=policy) as fact:
            history.rewards[policy.version] = fact
        case EvaluationCompleted(policy=policy) as fact:
            history.evaluations[policy.version] = fact
        case StopRequested() as fact:
            history.stop = fact
        case InvocationDeadLettered() as fact:
            history.dead_letters.append(fact)
        case (RunCompleted() | RunFailed()) as fact if history.end is None:
            history.end, history.end_at = fact, record.at
        case ReportWritten() as fact:
            history.report = fact
