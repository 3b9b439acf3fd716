"""A run's facts, folded. Everything that is derived about a run derives from this."""

from collections.abc import Iterable

from msgspec import Struct, field

from faastraingym.events.pipeline import flow
from faastraingym.events.ports import Recorded
from faastraingym.schemas import messages as m

CONCLUDES = flow.receivers(m.RunCompleted)[0]  # it writes the report of a segment that has ended


class Segment(Struct, kw_only=True):
    """One part of a run, from its start or resumption to its end."""

    resumed: m.RunResumed | None = None  # None: the first
    resumed_at: float = 0.0
    stop: m.StopRequested | None = None
    end: m.RunCompleted | m.RunFailed | None = None
    end_at: float = 0.0
    report: m.ReportWritten | None = None
    given_up: m.InvocationDeadLettered | None = None  # attempts at the report
    unreported: m.RunUnreported | None = None

    @property
    def over(self) -> bool:
        """Whether its report is written, or was given up."""
        return bool(self.report or self.unreported)


class History(Struct, kw_only=True):
    """The published facts of one run, by kind and identity."""

    requested: m.RunRequested | None = None
    started: m.RunStarted | None = None
    policies: dict[int, m.PolicyUpdated] = field(default_factory=dict)
    committed_at: dict[int, float] = field(default_factory=dict)  # by version
    rollouts: dict[int, dict[int, m.RolloutCompleted]] = field(default_factory=dict)
    rewards: dict[int, m.RewardsReady] = field(default_factory=dict)
    evaluated: dict[int, dict[int, m.EpisodesEvaluated]] = field(default_factory=dict)  # by piece
    evaluations: dict[int, m.EvaluationCompleted] = field(default_factory=dict)
    segments: dict[int, Segment] = field(default_factory=dict)
    removed: bool = False
    dead_letters: list[m.InvocationDeadLettered] = field(default_factory=list)  # since resumed
    dead_lettered: int = 0  # of all segments
    stalls: int = 0
    reissued: int = 0  # rollouts, early
    fruitless: int = 0  # stalls since anything else was published
    first_at: float = 0.0
    last_at: float = 0.0

    @property
    def segment(self) -> int:
        """The number of the newest segment."""
        return max(self.segments, default=0)

    @property
    def newest(self) -> Segment:
        """The newest segment."""
        return self.segments.get(self.segment) or Segment()

    @property
    def resumed(self) -> m.RunResumed | None:
        """The fact that began the newest segment; None: the run's start did."""
        return self.newest.resumed

    @property
    def over(self) -> bool:
        """Whether nothing goes on: the newest segment is over, or the run was removed."""
        return self.removed or self.newest.over

    @property
    def end(self) -> m.RunCompleted | m.RunFailed | None:
        """The end of the newest segment."""
        return self.newest.end

    @property
    def latest(self) -> m.PolicyUpdated | None:
        """The newest committed version."""
        return self.policies[max(self.policies)] if self.policies else None


def by_run(records: Iterable[Recorded]) -> dict[str, list[Recorded]]:
    """Facts by run; the runs in the order of their first fact."""
    found: dict[str, list[Recorded]] = {}
    for record in records:
        found.setdefault(record.fact.run, []).append(record)
    return found


def fold(records: Iterable[Recorded]) -> History:
    """The history that `records` tell; they come in the log's order."""
    history = History()
    for record in records:
        add(history, record)
    return history


def add(history: History, record: Recorded) -> None:
    """Add one more fact to the history."""
    fact = record.fact
    if isinstance(fact, m.UploadHeard):  # the inbox is looked at before and after a run, too
        return
    if isinstance(fact, m.RolloutReissued):  # it asks again, which is no progress: deadlines go on
        history.reissued += 1
        return
    history.first_at = history.first_at or record.at
    history.last_at = max(history.last_at, record.at)
    history.fruitless = history.fruitless + 1 if isinstance(fact, m.RunStalled) else 0
    match fact:
        case m.RunRequested():
            history.requested = fact
        case m.RunStarted():
            history.started = fact
        case m.PolicyUpdated(policy=policy):
            history.policies[policy.version] = fact
            history.committed_at[policy.version] = record.at
        case m.RolloutCompleted(trajectory=ref):
            history.rollouts.setdefault(ref.version, {})[ref.index] = fact
        case m.RewardsReady():
            history.rewards[fact.version] = fact
        case m.EpisodesEvaluated(policy=policy, piece=piece):
            history.evaluated.setdefault(policy.version, {})[piece] = fact
        case m.EvaluationCompleted(policy=policy):
            history.evaluations[policy.version] = fact
        case m.RunStalled():
            history.stalls += 1
        case m.InvocationDeadLettered():
            history.dead_lettered += 1
            _give_up(history, fact, fact.queued_at or record.at)
        case m.RunResumed():
            segment = _segment(history, fact.segment)
            segment.resumed, segment.resumed_at = fact, record.at
            history.dead_letters.clear()
        case m.StopRequested():
            _segment(history, fact.segment).stop = fact
        case m.RunCompleted() | m.RunFailed():
            segment = _segment(history, fact.segment)
            if segment.end is None:  # both may be published; the earlier one is the end
                segment.end, segment.end_at = fact, record.at
        case m.ReportWritten():
            _segment(history, fact.segment).report = fact
        case m.RunUnreported():
            _segment(history, fact.segment).unreported = fact
        case m.RunRemoved():
            history.removed = True


def _segment(history: History, number: int) -> Segment:
    return history.segments.setdefault(number, Segment())


def _give_up(history: History, letter: m.InvocationDeadLettered, queued_at: float) -> None:
    """Add a dead letter to the newest segment, unless its message was queued in an earlier one."""
    newest = history.newest
    if queued_at >= newest.resumed_at:
        history.dead_letters.append(letter)
    if newest.end and letter.function == CONCLUDES and queued_at >= newest.end_at:
        newest.given_up = letter
