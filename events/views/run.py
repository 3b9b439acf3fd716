"""The newest numbers of a run, for dashboards and for people who follow it: pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from faastraingym.events.pipeline.history import History, add
from faastraingym.events.ports import Recorded
from faastraingym.schemas import messages as m
from faastraingym.schemas.report import Status

TOPICS = (  # the facts that a view needs; rewards.ready sums up its rollouts
    "run.*",
    "report.written",
    "policy.updated",
    "rewards.ready",
    "rollout.reissued",
    "evaluation.completed",
    "invocation.dead-lettered",
)
MIB_PER_GIB = 1024
MOST_TEXT = 64  # characters of a name in a raw specification
WINDOW = 10  # versions over which the speed is measured
MOST_EVALUATIONS = 60


class Spent(Struct, kw_only=True):
    """The cost of one function's invocations."""

    by_status: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    gb_seconds: float = 0.0
    cold_starts: int = 0
    retried: int = 0


def spend(spent: dict[str, Spent], usage: Iterable[m.InvocationCompleted]) -> dict[str, Spent]:
    """Add the cost of these invocations to `spent`, by function."""
    for one in usage:
        total = spent.setdefault(one.function, Spent())
        total.by_status[one.status] = total.by_status.get(one.status, 0) + 1
        total.seconds += one.seconds
        total.gb_seconds += one.seconds * one.memory_mb / MIB_PER_GIB
        total.cold_starts += one.cold_start
        total.retried += one.retried
    return spent


class Evaluating(Struct, frozen=True, kw_only=True):
    """A run that evaluates a policy and learns nothing, as far as its pieces tell."""

    policy: str  # as it was named
    wanted: int  # episodes
    played: int
    return_mean: float | None  # of those played; None: of none


class RunView(Struct, frozen=True, kw_only=True):
    """One run, now; a number of which no fact tells is None."""

    run: str
    status: Status  # of its newest segment
    environment: str
    algorithm: str
    target: float | None
    budget: float | None  # environment steps
    requested_at: float  # Unix time, seconds, as are all times here
    last_at: float
    ended_at: float  # 0: it goes on
    version: int | None
    env_steps: int | None
    episodes: int | None
    steps_per_second: float | None  # over the newest versions
    learner: Mapping[str, float]  # losses and diagnostics
    learner_begins: bool  # its first work is awaited, which JAX compiles
    training_return: float | None  # mean of the newest batch in which episodes ended
    episode_length: float | None
    staleness: int | None
    evaluations: tuple[float, ...]  # mean returns of the newest, in the order of versions
    evaluation: m.EvaluationCompleted | None
    evaluating: Evaluating | None  # None: it learns
    stalls: int
    reissued: int  # rollouts that were issued a second time, early
    dead_letters: int
    spent: Mapping[str, Spent]  # by function


class Watched(Struct, kw_only=True):
    """A run that is watched; its history keeps only what a view shows."""

    run: str
    history: History = field(default_factory=History)
    spent: dict[str, Spent] = field(default_factory=dict)

    def add(self, records: Iterable[Recorded]) -> "Watched":
        """Add facts."""
        for record in records:
            add(self.history, record)
        _forget(self.history)
        return self

    @property
    def view(self) -> RunView:
        """The newest numbers."""
        return view(self.run, self.history, self.spent)


def view(run: str, history: History, spent: Mapping[str, Spent]) -> RunView:
    """The newest numbers of a run with this history."""
    latest = history.latest
    policy = latest.policy if latest else None
    ended = history.rewards.get(_ended(history))
    newest = history.rewards.get(max(history.rewards, default=-1))
    evaluations = [fact for _, fact in sorted(history.evaluations.items())][-MOST_EVALUATIONS:]
    wanted, spec = stop(history), history.requested.spec if history.requested else {}
    return RunView(
        run=run,
        status=status(history),
        environment=name(spec, "environment", "id")[:MOST_TEXT],
        algorithm=name(spec, "algorithm", "name")[:MOST_TEXT],
        target=number(wanted.get("target")),
        budget=number(wanted.get("env_steps")),
        requested_at=history.first_at,
        last_at=history.last_at,
        ended_at=history.newest.end_at,
        version=policy.version if policy else None,
        env_steps=policy.env_steps if policy else None,
        episodes=policy.episodes if policy else None,
        steps_per_second=_speed(history),
        learner=latest.metrics if latest else {},
        learner_begins=_learner_begins(history),
        training_return=ended.episodes.return_sum / ended.episodes.episodes if ended else None,
        episode_length=ended.episodes.length_sum / ended.episodes.episodes if ended else None,
        staleness=newest.lag if newest else None,
        evaluations=tuple(fact.return_mean for fact in evaluations),
        evaluation=evaluations[-1] if evaluations else None,
        evaluating=_evaluating(history),
        stalls=history.stalls,
        reissued=history.reissued,
        dead_letters=history.dead_lettered,
        spent=spent,
    )


def status(history: History) -> Status:
    """The status of the newest segment."""
    if history.end:
        well = isinstance(history.end, m.RunCompleted) and not unreported(history)
        return "completed" if well else "failed"
    if history.newest.stop:
        return "stopping"
    return "running" if history.started or history.resumed else "requested"


def unreported(history: History) -> m.RunUnreported | None:
    """Why there is no report; None if it was written later, as its dead letter was replayed."""
    return None if history.newest.report else history.newest.unreported


def stop(history: History) -> Mapping[str, object]:
    """The budget and target of the newest segment: its resumption's, or the raw specification's."""
    if history.resumed:
        return {"env_steps": history.resumed.env_steps, "target": history.resumed.target}
    return table(history.requested.spec if history.requested else {}, "stop")


def table(spec: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A table of the raw specification, which may be anything: a refused run has one, too."""
    found = spec.get(name)
    return found if isinstance(found, dict) else {}


def target(spec: Mapping[str, object]) -> float | None:
    """The mean evaluation return at which a raw specification stops, if it has one."""
    return number(table(spec, "stop").get("target"))


def name(spec: Mapping[str, object], of_table: str, key: str) -> str:
    """A text of the raw specification, or empty."""
    return str(table(spec, of_table).get(key, ""))


def number(value: object) -> float | None:
    """A number of the raw specification, if it is one."""
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else None


def _ended(history: History) -> int:
    """The newest version in whose batch an episode ended; -1: in none."""
    return max((v for v, ready in history.rewards.items() if ready.episodes.episodes), default=-1)


def _evaluating(history: History) -> Evaluating | None:
    spec = history.requested.spec if history.requested else {}
    if not spec.get("evaluate"):
        return None
    pieces = [fact.episodes for fact in history.evaluated.get(0, {}).values()]
    played, mean = sum(piece.episodes for piece in pieces), None
    if whole := history.evaluations.get(0):
        played, mean = whole.episodes, whole.return_mean
    elif played:
        mean = sum(piece.return_sum for piece in pieces) / played
    return Evaluating(
        policy=name(spec, "evaluate", "policy")[:MOST_TEXT],
        wanted=int(number(table(spec, "evaluation").get("episodes")) or 0),
        played=played,
        return_mean=mean,
    )


def _speed(history: History) -> float | None:
    window = sorted(history.policies)[-WINDOW:]
    if not window:
        return None
    seconds = history.committed_at[window[-1]] - history.committed_at[window[0]]
    first, last = history.policies[window[0]].policy, history.policies[window[-1]].policy
    return (last.env_steps - first.env_steps) / seconds if seconds > 0 else None


def _learner_begins(history: History) -> bool:
    """Whether JAX compiles now, as it does for the first version and the first update."""
    if _evaluating(history) is not None:
        return False
    if history.latest is None:
        return history.started is not None
    return history.latest.policy.version == 0 and 0 in history.rewards


def _forget(history: History) -> None:
    shown = {max(history.rewards, default=-1), _ended(history)}
    _drop(history.rewards, set(history.rewards) - shown)
    _drop(history.evaluations, sorted(history.evaluations)[:-MOST_EVALUATIONS])
    for by_version in (history.policies, history.committed_at):
        _drop(by_version, sorted(by_version)[:-WINDOW])
    history.rollouts.clear()
    if not (history.requested and history.requested.spec.get("evaluate")):
        history.evaluated.clear()


def _drop(by_version: dict[int, Any], versions: Iterable[int]) -> None:
    for version in versions:
        del by_version[version]
