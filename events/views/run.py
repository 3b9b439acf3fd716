"""A run as a dashboard shows it: its newest numbers, and what it cost by function. Pure.

Built from facts and metering alone, in whatever order the kinds come; a rollout's own fact is not
needed, for `rewards.ready` sums its batch up.
"""

from collections.abc import Mapping

from msgspec import Struct, field

from faastraingym.events.ports import Recorded
from faastraingym.schemas.messages import (
    EvaluationCompleted,
    InvocationCompleted,
    InvocationDeadLettered,
    PolicyUpdated,
    RewardsReady,
    RunCompleted,
    RunFailed,
    RunRequested,
    RunResumed,
    RunStalled,
    RunStarted,
    StopRequested,
    UploadHeard,
)
from faastraingym.schemas.report import Status

TOPICS = (
    "run.*",
    "policy.updated",
    "rewards.ready",
    "evaluation.completed",
    "invocation.dead-lettered",
)
MIB_PER_GIB = 1024
MOST_TEXT = 64  # characters of a name that a specification, which may be anything, gives


class Spent(Struct, kw_only=True):
    """What one function's invocations cost."""

    by_status: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    gb_seconds: float = 0.0
    cold_starts: int = 0
    retried: int = 0

    def add(self, one: InvocationCompleted) -> None:
        """One more invocation."""
        self.by_status[one.status] = self.by_status.get(one.status, 0) + 1
        self.seconds += one.seconds
        self.gb_seconds += one.seconds * one.memory_mb / MIB_PER_GIB
        self.cold_starts += one.cold_start
        self.retried += one.retried


class _Leg(Struct):
    status: Status = "requested"
    at: float = 0.0  # of its end; 0: it goes on


class RunView(Struct, kw_only=True):
    """One run; numbers that nothing was said of are None."""

    run: str
    environment: str = ""
    algorithm: str = ""
    target: float | None = None
    budget: float | None = None  # environment steps
    requested_at: float = 0.0  # Unix time, seconds, as are all times here
    last_at: float = 0.0
    version: int | None = None
    env_steps: int | None = None
    episodes: int | None = None
    learner: dict[str, float] = field(default_factory=dict)  # losses and diagnostics
    batch: int = -1  # the version whose rewards these three are of
    training_return: float | None = None
    episode_length: float | None = None
    staleness: int | None = None
    evaluation: EvaluationCompleted | None = None
    stalls: int = 0
    dead_letters: int = 0
    legs: dict[int, _Leg] = field(default_factory=dict)
    spent: dict[str, Spent] = field(default_factory=dict)  # by function

    @property
    def status(self) -> Status:
        """Where its newest leg stands."""
        return self._newest.status

    @property
    def ended_at(self) -> float:
        """When its newest leg ended; 0 while it goes on."""
        return self._newest.at

    @property
    def _newest(self) -> _Leg:
        return self.legs[max(self.legs)] if self.legs else _Leg()

    def add(self, record: Recorded) -> None:
        """What one more fact tells."""
        if isinstance(record.fact, UploadHeard):  # of the inbox, whenever it was looked at
            return
        self.last_at = max(self.last_at, record.at)
        match record.fact:
            case RunRequested(spec=spec):
                self.requested_at = record.at
                self.environment = _text(spec, "environment", "id")
                self.algorithm = _text(spec, "algorithm", "name")
                if self.budget is None:  # no resumption was read before
                    self._stops(_table(spec, "stop"))
                self.legs.setdefault(0, _Leg())
            case PolicyUpdated(policy=policy) as fact if policy.version > _or(self.version, -1):
                self.version, self.env_steps = policy.version, policy.env_steps
                self.episodes, self.learner = policy.episodes, fact.metrics
            case RewardsReady() as ready if ready.version > self.batch:
                self._learn(ready)
            case EvaluationCompleted(policy=policy) as fact:
                if self.evaluation is None or policy.version > self.evaluation.policy.version:
                    self.evaluation = fact
            case RunStalled():
                self.stalls += 1
            case InvocationDeadLettered():
                self.dead_letters += 1
            case _:
                self._live(record)

    def spend(self, one: InvocationCompleted) -> None:
        """What one more invocation cost."""
        self.spent.setdefault(one.function, Spent()).add(one)

    def _learn(self, ready: RewardsReady) -> None:
        self.batch, self.staleness = ready.version, ready.lag
        if ready.episodes.episodes:
            self.training_return = ready.episodes.return_sum / ready.episodes.episodes
            self.episode_length = ready.episodes.length_sum / ready.episodes.episodes

    def _live(self, record: Recorded) -> None:
        """Where its life stands; of two ends of a leg the first counts."""
        fact = record.fact
        leg = self.legs.setdefault(getattr(fact, "leg", 0), _Leg())
        if leg.at:
            return
        match fact:
            case RunStarted() if leg.status == "requested":
                leg.status = "running"
            case RunResumed():
                leg.status = "running"
                self._stops({"env_steps": fact.env_steps, "target": fact.target})
            case StopRequested():
                leg.status = "stopping"
            case RunCompleted():
                leg.status, leg.at = "completed", record.at
            case RunFailed():
                leg.status, leg.at = "failed", record.at

    def _stops(self, stop: Mapping[str, object]) -> None:
        self.target, self.budget = _number(stop.get("target")), _number(stop.get("env_steps"))


def _table(spec: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A table of the raw specification, which may be anything."""
    found = spec.get(name)
    return found if isinstance(found, dict) else {}


def _text(spec: Mapping[str, object], table: str, key: str) -> str:
    return str(_table(spec, table).get(key, ""))[:MOST_TEXT]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else None


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
