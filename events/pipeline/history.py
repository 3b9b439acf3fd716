"""A run's facts, folded: all that is derived about a run derives from here."""

from collections.abc import Iterable

from msgspec import Struct, field

from faastraingym.events.pipeline import flow
from faastraingym.events.ports import Recorded
from faastraingym.schemas.messages import (
    EpisodesEvaluated,
    EvaluationCompleted,
    InvocationDeadLettered,
    PolicyUpdated,
    ReportWritten,
    RewardsReady,
    RolloutCompleted,
    RunCompleted,
    RunFailed,
    RunRequested,
    RunResumed,
    RunStalled,
    RunStarted,
    RunUnreported,
    StopRequested,
    UploadHeard,
)

CONCLUDES = flow.receivers(RunCompleted)[0]  # the function that does


class Segment(Struct, kw_only=True):
    """One stretch of a run, from its start or resumption to its end."""

    resumed: RunResumed | None = None  # None: the first
    resumed_at: float = 0.0
    stop: StopRequested | None = None
    end: RunCompleted | RunFailed | None = None
    end_at: float = 0.0
    report: ReportWritten | None = None
    given_up: InvocationDeadLettered | None = None  # attempts at the report
    unreported: RunUnreported | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it: no report, where none can be."""
        return bool(self.report or self.unreported)


class History(Struct, kw_only=True):
    """What was published about one run, by kind and identity."""

    requested: RunRequested | None = None
    started: RunStarted | None = None
    policies: dict[int, PolicyUpdated] = field(default_factory=dict)
    committed_at: dict[int, float] = field(default_factory=dict)  # by version
    rollouts: dict[int, dict[int, RolloutCompleted]] = field(default_factory=dict)
    rewards: dict[int, RewardsReady] = field(default_factory=dict)
    evaluated: dict[int, dict[int, EpisodesEvaluated]] = field(default_factory=dict)  # by piece
    evaluations: dict[int, EvaluationCompleted] = field(default_factory=dict)
    segments: dict[int, Segment] = field(default_factory=dict)
    dead_letters: list[InvocationDeadLettered] = field(default_factory=list)  # since resumed
    dead_lettered: int = 0  # of all segments
    stalls: int = 0
    fruitless: int = 0  # stalls since anything else was published
    first_at: float = 0.0
    last_at: float = 0.0
    facts: int = 0

    @property
    def segment(self) -> int:
        """The number of the newest segment."""
        return max(self.segments, default=0)

    @property
    def newest(self) -> Segment:
        """The newest segment."""
        return self.segments.get(self.segment) or Segment()

    @property
    def resumed(self) -> RunResumed | None:
        """What began the newest segment; None: the run's start did."""
        return self.newest.resumed

    @property
    def stop(self) -> StopRequested | None:
        """The request to end the newest segment."""
        return self.newest.stop

    @property
    def end(self) -> RunCompleted | RunFailed | None:
        """The end of the newest segment."""
        return self.newest.end

    @property
    def report(self) -> ReportWritten | None:
        """The report of the newest segment."""
        return self.newest.report

    @property
    def over(self) -> bool:
        """Whether nothing more will come of the newest segment."""
        return self.newest.over

    @property
    def latest(self) -> PolicyUpdated | None:
        """The newest committed version."""
        return self.policies[max(self.policies)] if self.policies else None


def by_run(records: Iterable[Recorded]) -> dict[str, list[Recorded]]:
    """Facts by the run that they belong to; runs in the order of their first one."""
    found: dict[str, list[Recorded]] = {}
    for record in records:
        found.setdefault(record.fact.run, []).append(record)
    return found


def fold(records: Iterable[Recorded]) -> History:
    """The history that `records`, in the log's order, tell.

    Completion and failure are two subjects, so both may be published; the earlier one is the end.
    """
    history = History()
    for record in records:
        add(history, record)
    return history


def add(history: History, record: Recorded) -> None:
    """What one more fact tells."""
    fact = record.fact
    if isinstance(fact, UploadHeard):  # of the inbox, whenever it was looked at
        return
    history.facts += 1
    history.first_at = history.first_at or record.at
    history.last_at = max(history.last_at, record.at)
    history.fruitless = history.fruitless + 1 if isinstance(fact, RunStalled) else 0
    match fact:
        case RunRequested():
            history.requested = fact
        case RunStarted():
            history.started = fact
        case PolicyUpdated(policy=policy):
            history.policies[policy.version] = fact
            history.committed_at[policy.version] = record.at
        case RolloutCompleted(trajectory=ref):
            history.rollouts.setdefault(ref.version, {})[ref.index] = fact
        case RewardsReady():
            history.rewards[fact.version] = fact
        case EpisodesEvaluated(policy=policy, piece=piece):
            history.evaluated.setdefault(policy.version, {})[piece] = fact
        case EvaluationCompleted(policy=policy):
            history.evaluations[policy.version] = fact
        case RunStalled():
            history.stalls += 1
        case InvocationDeadLettered():
            history.dead_lettered += 1
            _give_up(history, fact, fact.queued_at or record.at)
        case RunResumed() | StopRequested() | RunCompleted() | RunFailed():
            _add_to_segment(history, history.segments.setdefault(fact.segment, Segment()), record)
        case ReportWritten() | RunUnreported():
            _add_to_segment(history, history.segments.setdefault(fact.segment, Segment()), record)


def _give_up(history: History, letter: InvocationDeadLettered, queued_at: float) -> None:
    """Among the newest segment's, unless its message was queued in an earlier one.

    The function that concludes a segment that has ended writes its report.
    """
    newest = history.newest
    if queued_at >= newest.resumed_at:
        history.dead_letters.append(letter)
    if newest.end and letter.function == CONCLUDES and queued_at >= newest.end_at:
        newest.given_up = letter


def _add_to_segment(history: History, segment: Segment, record: Recorded) -> None:
    match record.fact:
        case RunResumed() as fact:
            segment.resumed, segment.resumed_at = fact, record.at
            history.dead_letters.clear()
        case StopRequested() as fact:
            segment.stop = fact
        case (RunCompleted() | RunFailed()) as fact if segment.end is None:
            segment.end, segment.end_at = fact, record.at
        case ReportWritten() as fact:
            segment.report = fact
        case RunUnreported() as fact:
            segment.unreported = fact
