"""An experiment's facts, folded: which runs go on, what they reached, what was decided.

Everything derives from the log's order, so every reader of a prefix of it knows the same runs to
go on, and none of them more than `at_once`.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct, field

from faastraingym.algorithms.experiments import space
from faastraingym.events.experiments.decisions import Decision, Result, Verdict
from faastraingym.events.experiments.rungs import first_rung
from faastraingym.events.ports import Recorded
from faastraingym.schemas import messages as m
from faastraingym.schemas.experiment import ExperimentSpec

REACHED, STOPPED = "target", "stopped"  # ends: such a run needs no later rung; has no later one
CONTINUE, COPY = "continue", "copy"


class Slot(NamedTuple):
    """A run up to a rung."""

    trial: int
    seed: int
    rung: int


class Trial(Struct, kw_only=True):
    """One configuration."""

    requested: m.TrialRequested | None = None
    reports: dict[int, dict[int, m.TrialReported]] = field(default_factory=dict)  # seed, rung
    decided: dict[int, m.TrialDecided] = field(default_factory=dict)  # by rung
    results: dict[int, float | None] = field(default_factory=dict)  # by rung; None: it failed

    def reported(self, seed: int, rung: int) -> m.TrialReported | None:
        """What a run reached at a rung, or before, where it reached its target."""
        found = self.reports.get(seed, {})
        earlier = (found[one] for one in sorted(found) if one < rung)
        return found.get(rung) or next((one for one in earlier if one.end == REACHED), None)

    @property
    def score(self) -> float | None:
        """At its last rung; None: it failed, or has no result."""
        return self.results[max(self.results)] if self.results else None

    @property
    def sent(self) -> int:
        """How many rungs beyond its first one its runs were sent to."""
        return sum(one.decision == CONTINUE for one in self.decided.values())

    @property
    def failed(self) -> bool:
        """Whether a run of it ended without a result, and nobody had stopped it."""
        newest = (found[max(found)] for found in self.reports.values())
        missing = [one for one in newest if one.score is None and one.end != STOPPED]
        return bool(self.results and missing)


class Experiment(Struct, kw_only=True):
    """One experiment, as its facts tell it."""

    spec: ExperimentSpec | None = None  # None: it has not started
    total: int = 0  # trials that the sampler chooses; copies have greater numbers
    requested: m.ExperimentRequested | None = None
    started: m.ExperimentStarted | None = None
    stop: m.ExperimentStopRequested | None = None
    end: m.ExperimentCompleted | m.ExperimentFailed | None = None
    removed: bool = False
    trials: dict[int, Trial] = field(default_factory=dict)
    running: list[Slot] = field(default_factory=list)  # that have begun and not reported
    waiting: list[Slot] = field(default_factory=list)  # for one of those to report
    results: list[Result] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    dead_letters: list[m.InvocationDeadLettered] = field(default_factory=list)
    first_at: float = 0.0
    last_at: float = 0.0
    end_at: float = 0.0

    @property
    def over(self) -> bool:
        """Whether nothing goes on: it has an end, or was removed."""
        return self.removed or self.end is not None

    @property
    def idle(self) -> bool:
        """Whether no run goes on, and none will by itself."""
        return not self.running and (self.stop is not None or not self.waiting)

    @property
    def gb_seconds(self) -> float:
        """The cost of its runs, as far as they reported."""
        reports = (found for trial in self.trials.values() for found in trial.reports.values())
        return sum(found[max(found)].gb_seconds for found in reports)

    @property
    def failed(self) -> list[int]:
        """The trials that failed."""
        return [number for number, trial in sorted(self.trials.items()) if trial.failed]

    def first(self, number: int) -> int:
        """The rung of the first segment of a trial's runs; a copy begins later."""
        return first_rung(self.total, number) if self.total else 0

    def busy(self, number: int) -> bool:
        """Whether a run of the trial goes on or waits."""
        return any(slot.trial == number for slot in (*self.running, *self.waiting))


def fold(records: Sequence[Recorded]) -> Experiment:
    """The experiment that `records` tell; they come in the log's order."""
    started = [record.fact for record in records if isinstance(record.fact, m.ExperimentStarted)]
    spec = msgspec.convert(started[0].spec, ExperimentSpec) if started else None
    total = space.trials(spec) if spec else 0
    experiment = Experiment(spec=spec, total=total, started=started[0] if started else None)
    for record in records:
        add(experiment, record)
    return experiment


def add(experiment: Experiment, record: Recorded) -> None:
    """Add one more fact."""
    fact = record.fact
    experiment.first_at = experiment.first_at or record.at
    experiment.last_at = max(experiment.last_at, record.at)
    match fact:
        case m.ExperimentRequested():
            experiment.requested = fact
        case m.ExperimentStopRequested():
            experiment.stop = fact
        case m.ExperimentCompleted() | m.ExperimentFailed() if experiment.end is None:
            experiment.end, experiment.end_at = fact, record.at
        case m.RunRemoved():
            experiment.removed = True
        case m.InvocationDeadLettered():
            experiment.dead_letters.append(fact)
        case m.TrialRequested(trial=number):
            _trial(experiment, number).requested = fact
            _wait(experiment, number, experiment.first(number))
        case m.TrialDecided(trial=number, rung=rung):
            _trial(experiment, number).decided[rung] = fact
            experiment.decisions.append(decision(fact))
            if fact.decision == CONTINUE:
                _wait(experiment, number, rung + 1)
        case m.TrialReported(trial=number, seed=seed, rung=segment) if experiment.total:
            rung = experiment.first(number) + segment
            _trial(experiment, number).reports.setdefault(seed, {})[rung] = fact
            _settle(experiment, Slot(number, seed, rung))
    _admit(experiment)


def decision(fact: m.TrialDecided) -> Decision:
    """A decision, as schedulers have it."""
    verdicts: dict[str, Verdict] = {CONTINUE: "continue", COPY: "copy"}
    verdict = verdicts.get(fact.decision, "stop")
    return Decision(fact.trial, fact.rung, verdict, fact.reason, fact.parent)


def _trial(experiment: Experiment, number: int) -> Trial:
    return experiment.trials.setdefault(number, Trial())


def _wait(experiment: Experiment, number: int, rung: int) -> None:
    """Let a trial's runs wait for their turn up to a rung."""
    if experiment.spec is None:
        return
    trial = experiment.trials[number]
    slots = [Slot(number, seed, rung) for seed in experiment.spec.seeds]
    experiment.waiting += [slot for slot in slots if not trial.reported(slot.seed, rung)]
    _complete(experiment, number, rung)


def _settle(experiment: Experiment, slot: Slot) -> None:
    for slots in (experiment.running, experiment.waiting):
        if slot in slots:
            slots.remove(slot)
    _complete(experiment, slot.trial, slot.rung)


def _complete(experiment: Experiment, number: int, rung: int) -> None:
    """Add the trial's result at a rung once all of its seeds are there."""
    trial = experiment.trials[number]
    before = trial.decided.get(rung - 1)
    is_next = rung == experiment.first(number) or (
        before is not None and before.decision == CONTINUE
    )
    if experiment.spec is None or trial.requested is None or rung in trial.results or not is_next:
        return
    reports = [trial.reported(seed, rung) for seed in experiment.spec.seeds]
    scores = [report.score for report in reports if report]
    if len(scores) == len(reports):
        trial.results[rung] = _mean(scores)
        experiment.results.append(Result(number, rung, trial.results[rung]))


def _mean(scores: Iterable[float | None]) -> float | None:
    """The mean; None if one is missing. Their order is that of the seeds, so its bits are too."""
    known = list(scores)
    there = [score for score in known if score is not None]
    return sum(there) / len(there) if len(there) == len(known) else None


def _admit(experiment: Experiment) -> None:
    """Let runs begin in the order in which they came to wait, `at_once` at most."""
    if experiment.spec is None or experiment.end:
        return
    free = experiment.spec.at_once - len(experiment.running)
    if not experiment.stop:
        experiment.running += experiment.waiting[:free]
        del experiment.waiting[:free]
