"""The exporter's metrics as data: names, labels, meanings. Pure.

Names and units follow https://prometheus.io/docs/practices/naming/. A run is a label, so a run is
shown until `KEEP_SECONDS` after its end, and only among the newest `MOST_RUNS`; so are
experiments, with a bound of their own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Generic, Literal, NamedTuple, TypeVar

from faastraingym.events.pipeline import subjects
from faastraingym.events.views.run import RunView, Spent, spend
from faastraingym.events.views.watching import ExperimentView
from faastraingym.schemas.messages import InvocationCompleted

KEEP_SECONDS = 3600.0  # that a run or an experiment is shown after its end
MOST_RUNS = 200
MOST_EXPERIMENTS = 50
MOST_LEARNER = 32  # losses and diagnostics of a run
MOST_POLICIES = 100  # that answered callers; the newest are shown

T = TypeVar("T")
View = TypeVar("View", RunView, ExperimentView)
Kind = Literal["gauge", "counter"]
Source = Literal["fact", "command", "start", "open"]  # ways by which messages come to a function
Rows = Sequence[tuple[tuple[str, ...], float]]  # label values, value


class Family(NamedTuple):
    """One metric with all its series."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    rows: Rows


class Queue(NamedTuple):
    """The messages that come to a function by one of the ways."""

    function: str
    source: Source
    waiting: int  # not delivered yet
    in_hand: int  # delivered, not settled
    oldest_at: float | None  # Unix time, seconds; None: no message waits


class Observation(NamedTuple):
    """The broker, at one moment."""

    now: float
    queues: Sequence[Queue]
    dead_letters: Mapping[tuple[str, ...], int]  # by function, and kind if it has one
    streams: Mapping[str, tuple[int, int, int]]  # messages, bytes, and bytes at most


class _Metric(NamedTuple, Generic[T]):
    name: str
    help: str
    value: Callable[[T], float | None]
    kind: Kind = "gauge"


OF_RUN: tuple[_Metric[RunView], ...] = (
    _Metric("active", "1 until the run's end, then 0.", lambda v: not v.ended_at),
    _Metric("requested_timestamp_seconds", "When the run was requested.", lambda v: v.requested_at),
    _Metric(
        "last_fact_timestamp_seconds", "When its last fact was published.", lambda v: v.last_at
    ),
    _Metric("versions", "Updates behind the newest policy.", lambda v: v.version),
    _Metric(
        "env_steps", "Environment steps that it learnt from.", lambda v: v.env_steps, "counter"
    ),
    _Metric("episodes", "Episodes that it learnt from.", lambda v: v.episodes, "counter"),
    _Metric("budget_env_steps", "Environment steps after which it ends.", lambda v: v.budget),
    _Metric("target_return", "The mean evaluation return that is enough.", lambda v: v.target),
    _Metric(
        "training_return",
        "Mean undiscounted return of the newest batch's episodes.",
        lambda v: v.training_return,
    ),
    _Metric(
        "episode_length_steps",
        "Mean length of the newest batch's episodes.",
        lambda v: v.episode_length,
    ),
    _Metric(
        "evaluation_return",
        "Mean undiscounted return of the newest evaluation.",
        lambda v: v.evaluation.return_mean if v.evaluation else None,
    ),
    _Metric(
        "evaluation_return_stddev",
        "Standard deviation of the return over its episodes.",
        lambda v: v.evaluation.return_std if v.evaluation else None,
    ),
    _Metric(
        "staleness_versions",
        "Updates between the policy that collected the newest batch and the one that learns.",
        lambda v: v.staleness,
    ),
    _Metric("stalls", "Deadlines that passed without a new fact.", lambda v: v.stalls, "counter"),
    _Metric(
        "reissued_rollouts",
        "Rollouts that were late beside their siblings and issued a second time.",
        lambda v: v.reissued,
        "counter",
    ),
    _Metric(
        "dead_letters",
        "Deliveries of the run that were given up.",
        lambda v: v.dead_letters,
        "counter",
    ),
)
OF_EXPERIMENT: tuple[_Metric[ExperimentView], ...] = (
    _Metric("active", "1 until the experiment's end, then 0.", lambda v: not v.ended_at),
    _Metric(
        "requested_timestamp_seconds",
        "When the experiment was requested.",
        lambda v: v.requested_at,
    ),
    _Metric(
        "last_fact_timestamp_seconds", "When its last fact was published.", lambda v: v.last_at
    ),
    _Metric("trials_planned", "Trials that its sampler chooses in all.", lambda v: v.planned),
    _Metric("runs_active", "Its runs that go on.", lambda v: v.running),
    _Metric("best_return", "Score of its best trial so far.", lambda v: v.best),
    _Metric(
        "gigabyte_seconds",
        "Cost of its runs, as far as they paused or ended.",
        lambda v: v.gb_seconds,
        "counter",
    ),
)
OF_FUNCTION: tuple[_Metric[Spent], ...] = (  # counters
    _Metric("invocation_seconds", "Busy seconds, summed over invocations.", lambda s: s.seconds),
    _Metric(
        "gigabyte_seconds", "Busy seconds times the memory limit, GiB.", lambda s: s.gb_seconds
    ),
    _Metric("cold_starts", "First invocations of a replica.", lambda s: s.cold_starts),
    _Metric("retries", "Invocations whose message was delivered before.", lambda s: s.retried),
)
DEAD = (
    ("dead_letters", (), "Stored dead letters with payload."),
    (
        "dead_letters_unsigned",
        (subjects.UNSIGNED,),
        "Stored dead letters of unsigned messages, without payload.",
    ),
    (
        "dead_callbacks",
        (subjects.CALLBACK,),
        "Stored dead letters of callbacks that were refused or failed.",
    ),
)
STREAM = (
    ("stream_messages", "Messages that a stream holds."),
    ("stream_bytes", "Bytes that it has on disk."),
    (
        "stream_max_bytes",
        "Bytes that it may have; a full stream refuses messages or loses its oldest.",
    ),
)


def is_kept(ended_at: float, now: float) -> bool:
    """Whether a run or an experiment goes on (0), or ended less than `KEEP_SECONDS` ago."""
    return not ended_at or now - ended_at < KEEP_SECONDS


def shown(views: Iterable[View], most: int) -> list[View]:
    """The newest `most`, those that go on first."""
    return sorted(views, key=lambda v: (bool(v.ended_at), -v.last_at))[:most]


def add_answer(answers: dict[str, Spent], one: InvocationCompleted) -> None:
    """Count an answer to a caller by the policy that acted, among the last `MOST_POLICIES`."""
    if not one.policy:
        return
    spent = answers.pop(one.policy, Spent())
    (answers[one.policy],) = spend({one.function: spent}, [one]).values()
    if len(answers) > MOST_POLICIES:
        del answers[next(iter(answers))]


def broker_up(is_up: bool) -> Family:
    """The only metric while the broker is away: old numbers would mislead."""
    return _family("broker_up", "gauge", "1 while the broker answers.", (), [((), float(is_up))])


def families(
    views: Sequence[RunView],
    apart: Mapping[str, Spent],
    seen: Observation,
    experiments: Sequence[ExperimentView] = (),
    answers: Mapping[str, Spent] = {},
) -> list[Family]:
    """All metrics: of what is kept, of invocations `apart` from runs, of the broker.

    `answers` are those that callers had, by the policy that acted.
    """
    runs = shown(views, MOST_RUNS)
    return [
        *_of_runs(runs, len(views) - len(runs)),
        *_of_experiments(experiments),
        *_of_functions(runs, apart),
        *_of_answers(answers),
        *_of_broker(seen),
    ]


def _of_runs(runs: Sequence[RunView], hidden: int) -> Iterable[Family]:
    for m in OF_RUN:
        values = ((v.run, m.value(v)) for v in runs)
        rows = [((run,), float(value)) for run, value in values if value is not None]
        yield _family(f"run_{m.name}", m.kind, m.help, ("run",), rows)
    about = [((v.run, v.environment, v.algorithm), 1.0) for v in runs]
    labels = ("run", "environment", "algorithm")
    yield _family("run_info", "gauge", "What the run is; always 1.", labels, about)
    status = [((v.run, v.status), 1.0) for v in runs]
    text = "1 under the present status, as `faastrain runs` has it."
    yield _family("run_status", "gauge", text, ("run", "status"), status)
    learner = [
        ((v.run, name), value)
        for v in runs
        for name, value in islice(sorted(v.learner.items()), MOST_LEARNER)
    ]
    text = "Losses and diagnostics of the newest update."
    yield _family("learner_metric", "gauge", text, ("run", "metric"), learner)
    text = "Runs that are left out, for there are too many."
    yield _family("runs_hidden", "gauge", text, (), [((), float(hidden))])


def _of_experiments(views: Sequence[ExperimentView]) -> Iterable[Family]:
    found = shown(views, MOST_EXPERIMENTS)
    for m in OF_EXPERIMENT:
        values = ((v.name, m.value(v)) for v in found)
        rows = [((name,), float(value)) for name, value in values if value is not None]
        yield _family(f"experiment_{m.name}", m.kind, m.help, ("experiment",), rows)
    status = [((v.name, v.status), 1.0) for v in found]
    text = "1 under the present status, as `faastrain experiments` has it."
    yield _family("experiment_status", "gauge", text, ("experiment", "status"), status)
    trials = [((v.name, state), float(count)) for v in found for state, count in v.trials.items()]
    text = "Trials by state, as `faastrain show` has it."
    yield _family("experiment_trials", "gauge", text, ("experiment", "state"), trials)
    text = "Experiments that are left out, for there are too many."
    yield _family("experiments_hidden", "gauge", text, (), [((), float(len(views) - len(found)))])


def _of_functions(runs: Sequence[RunView], apart: Mapping[str, Spent]) -> Iterable[Family]:
    spent = [(v.run, f, s) for v in runs for f, s in sorted(v.spent.items())]
    spent += [("none", f, s) for f, s in sorted(apart.items())]
    counted = [
        ((run, function, str(status)), float(count))
        for run, function, s in spent
        for status, count in sorted(s.by_status.items())
    ]
    labels = ("run", "function", "status")
    text = "Invocations that ended, by the status of the answer."
    yield _family("invocations", "counter", text, labels, counted)
    for m in OF_FUNCTION:
        rows = [((run, function), float(m.value(s) or 0)) for run, function, s in spent]
        yield _family(m.name, "counter", m.help, labels[:2], rows)


def _of_answers(answers: Mapping[str, Spent]) -> Iterable[Family]:
    counted = [
        ((policy, str(status)), float(count))
        for policy, spent in sorted(answers.items())
        for status, count in sorted(spent.by_status.items())
    ]
    text = "Requests that a policy answered, by the status of the answer."
    yield _family("policy_requests", "counter", text, ("policy", "status"), counted)
    seconds = [((policy,), spent.seconds) for policy, spent in sorted(answers.items())]
    text = "Busy seconds of those requests."
    yield _family("policy_request_seconds", "counter", text, ("policy",), seconds)


def _of_broker(seen: Observation) -> Iterable[Family]:
    depth = [
        ((q.function, q.source, state), float(count))
        for q in seen.queues
        for state, count in (("waiting", q.waiting), ("in_hand", q.in_hand))
    ]
    labels = ("function", "source", "state")
    text = "Messages that are not settled: waiting, or delivered."
    yield _family("queue_messages", "gauge", text, labels, depth)
    age = [
        ((q.function, q.source), max(0.0, seen.now - q.oldest_at) if q.oldest_at else 0.0)
        for q in seen.queues
    ]
    text = "Age of the oldest of them; 0: there is none."
    yield _family("queue_oldest_seconds", "gauge", text, labels[:2], age)
    for name, kind, text in DEAD:
        counts = {key[0]: n for key, n in seen.dead_letters.items() if key[1:] == kind}
        dead = dict.fromkeys((q.function for q in seen.queues), 0) | counts
        letters = [((function,), float(count)) for function, count in sorted(dead.items())]
        yield _family(name, "gauge", text, ("function",), letters)
    for number, (name, text) in enumerate(STREAM):
        sizes = [((stream,), float(size[number])) for stream, size in seen.streams.items()]
        yield _family(name, "gauge", text, ("stream",), sizes)


def _family(name: str, kind: Kind, text: str, labels: tuple[str, ...], rows: Rows) -> Family:
    return Family(f"faastrain_{name}", kind, text, labels, rows)
