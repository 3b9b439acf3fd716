"""The facts that follow from an experiment's facts: pure, so a repeated delivery says the same.

What is published follows from facts in the log alone, never from one that is only about to be
published: another delivery may have published another one, which counts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from faastraingym.algorithms.experiments import sampling, space
from faastraingym.algorithms.experiments.sampling import Told
from faastraingym.events.experiments import budgets, schedulers, telling
from faastraingym.events.experiments.budgets import Use
from faastraingym.events.experiments.decisions import Decision
from faastraingym.events.experiments.history import CONTINUE, COPY, Experiment, Slot, Trial
from faastraingym.events.experiments.names import run_name
from faastraingym.events.experiments.rungs import rungs, successor
from faastraingym.schemas import messages as m
from faastraingym.schemas.comparison import TrialState
from faastraingym.schemas.experiment import ExperimentSpec, Grid
from faastraingym.schemas.references import PolicyRef

Choice = Callable[[int], dict[str, Any] | None]  # of the settings of a trial, by its number


def plan(name: str, experiment: Experiment) -> list[m.Message]:
    """The facts that are due; some of them may be published already."""
    spec = experiment.spec
    if spec is None or experiment.end:
        return []
    due = [fact for slot in experiment.running for fact in _runs(name, spec, experiment, slot)]
    if len(experiment.failed) > spec.max_failed:
        return [*_stops(name, spec, experiment), failure(name, experiment)]
    if experiment.stop:
        due += _stops(name, spec, experiment)
    new = [] if experiment.stop else _next(name, spec, experiment)
    if new or not experiment.idle:
        return [*due, *new]
    return [completion(name, spec, experiment)]


def request(
    name: str,
    spec: ExperimentSpec,
    trial: int,
    seed: int,
    settings: Mapping[str, Any],
    rung: int = 0,
    copied: PolicyRef | UnsetType = UNSET,
) -> m.RunRequested:
    """The request of a trial's run, up to its first rung; of a copy with its parent's policy."""
    raw = space.overridden(spec.run, settings) | {"seed": seed}
    budgets = rungs(spec, trial)
    if len(budgets) > 1:  # it anneals as a run that does not pause
        stop = raw.get("stop", {})
        horizon = stop.get("horizon") or stop["env_steps"]
        raw["stop"] = {**stop, "env_steps": budgets[rung], "horizon": horizon}
    return m.RunRequested(
        run=run_name(name, trial, seed),
        spec=raw,
        experiment=m.Membership(name=name, trial=trial, seed=seed),
        copied=copied,
    )


def state(spec: ExperimentSpec, experiment: Experiment, number: int) -> TrialState:
    """Where a trial is."""
    trial = experiment.trials[number]
    if any(slot.trial == number for slot in experiment.running):
        return "running"
    if experiment.busy(number):
        return "stopped" if experiment.stop else "waiting"
    if trial.failed:
        return "failed"
    if trial.results and max(trial.results) == len(rungs(spec, number)) - 1:
        return "completed"
    decided = trial.decided.get(max(trial.results, default=0))
    return "stopped" if experiment.end or (decided and decided.decision != CONTINUE) else "paused"


def best(spec: ExperimentSpec, experiment: Experiment) -> m.BestTrial | None:
    """The trial with the highest score at the last rung; of equal ones the first.

    If none was there, of all that have a score.
    """
    scored = {n: trial for n, trial in experiment.trials.items() if trial.score is not None}
    last = [n for n in scored if max(scored[n].results) == len(rungs(spec, n)) - 1]
    scores = {n: scored[n].score or 0.0 for n in last or scored}
    if not scores:
        return None
    number = min(scores, key=lambda n: (-scores[n], n))
    requested = scored[number].requested
    settings = requested.settings if requested else {}
    return m.BestTrial(trial=number, settings=settings, score=scores[number])


def completion(name: str, spec: ExperimentSpec, experiment: Experiment) -> m.ExperimentCompleted:
    """The end of an experiment of which nothing goes on."""
    decided = (one for trial in experiment.trials.values() for one in trial.decided.values())
    is_short = len(experiment.trials) < experiment.total
    is_short |= any(one.reason.startswith("budget.") for one in decided)
    reason = "stopped" if experiment.stop else "budget" if is_short else "trials"
    return m.ExperimentCompleted(
        run=name,
        reason=reason,
        trials=len(experiment.trials),
        failed=len(experiment.failed),
        best=best(spec, experiment),
    )


def failure(name: str, experiment: Experiment) -> m.ExperimentFailed:
    """The end of an experiment with too many failed trials."""
    numbers = experiment.failed
    most = experiment.spec.max_failed if experiment.spec else 0
    reason = why(experiment.trials[numbers[-1]])
    return m.ExperimentFailed(
        run=name,
        reason=f"failed trials: found {len(numbers)}; allowed: {most} (spec.max_failed); the last, "
        f"trial {numbers[-1]}: {reason}",
    )


def why(trial: Trial) -> str:
    """Why a trial failed: the reason of the first of its runs that has no result."""
    newest = (found[max(found)] for _, found in sorted(trial.reports.items()))
    return next((one.reason for one in newest if one.score is None), "")


def _next(name: str, spec: ExperimentSpec, experiment: Experiment) -> list[m.Message]:
    """The decisions that are due; trials only once none is, so that they see all decisions."""
    total, results = experiment.total, experiment.results
    found = schedulers.decide(spec, total, results, experiment.decisions)
    decided: list[m.Message] = [*_decided(name, spec, experiment, found)]
    return decided or [*_copies(name, spec, experiment), *_trials(name, spec, experiment)]


def _decided(
    name: str, spec: ExperimentSpec, experiment: Experiment, found: Iterable[Decision]
) -> Iterator[m.TrialDecided]:
    """The decisions as facts; a trial that the budget does not let go on stops."""
    used = _used(spec, experiment)
    for one in found:
        verdict, reason = one.verdict, one.reason
        if verdict != "stop":
            before, after = rungs(spec, one.trial)[one.rung : one.rung + 2]
            runs = len(spec.seeds) if verdict == COPY else 0
            needed = Use(runs, (after - before) * len(spec.seeds))
            refused = budgets.refusal(spec.budget, used, needed)
            verdict, reason = ("stop", refused) if refused else (verdict, reason)
            used = used if refused else _plus(used, needed)
        yield m.TrialDecided(
            run=name,
            trial=one.trial,
            rung=one.rung,
            decision=verdict,
            reason=reason,
            score=experiment.trials[one.trial].results.get(one.rung),
            parent=one.parent if verdict == COPY else None,
        )


def _copies(name: str, spec: ExperimentSpec, experiment: Experiment) -> Iterator[m.TrialRequested]:
    """The trials that take the place of others, by the decisions in the log."""
    for one in experiment.decisions:
        number = successor(experiment.total, one.trial, one.rung)
        if one.verdict != COPY or one.parent is None or _is_requested(experiment, number):
            continue
        parent = experiment.trials[one.parent].requested
        settings = parent.settings if parent else {}
        yield m.TrialRequested(
            run=name,
            trial=number,
            settings=schedulers.perturbed(spec, settings, one.trial, one.rung),
            origin={"sampler": "population"},
            runs=[run_name(name, number, seed) for seed in spec.seeds],
            parent=one.parent,
        )


def _trials(name: str, spec: ExperimentSpec, experiment: Experiment) -> Iterator[m.TrialRequested]:
    """The trials for which there is room, in the order of their numbers."""
    used, pending = _used(spec, experiment), len(experiment.running) + len(experiment.waiting)
    choose: Choice | None = None  # which takes its time, and mostly there is no room
    for number in range(experiment.total):
        if _is_requested(experiment, number):
            continue
        needed = Use(len(spec.seeds), rungs(spec, number)[0] * len(spec.seeds))
        if pending >= spec.at_once or budgets.refusal(spec.budget, used, needed):
            return
        choose = choose or _choice(spec, experiment)
        settings = choose(number)
        if settings is None:
            return
        used, pending = _plus(used, needed), pending + needed.runs
        yield m.TrialRequested(
            run=name,
            trial=number,
            settings=settings,
            origin=_origin(spec),
            runs=[run_name(name, number, seed) for seed in spec.seeds],
        )


def _used(spec: ExperimentSpec, experiment: Experiment) -> Use:
    """What the runs of an experiment use, up to the rungs that they were sent to."""
    runs = steps = 0
    for number, trial in experiment.trials.items():
        if trial.requested is not None:
            runs += len(spec.seeds)
            first, before = experiment.first(number), (0, *rungs(spec, number))
            steps += (before[first + trial.sent + 1] - before[first]) * len(spec.seeds)
    return Use(runs, steps, experiment.gb_seconds)


def _plus(used: Use, more: Use) -> Use:
    return used._replace(runs=used.runs + more.runs, env_steps=used.env_steps + more.env_steps)


def _is_requested(experiment: Experiment, number: int) -> bool:
    trial = experiment.trials.get(number)
    return trial is not None and trial.requested is not None


def _choice(spec: ExperimentSpec, experiment: Experiment) -> Choice:
    """What has the configuration of a trial; None while results are missing that choose it."""
    if isinstance(spec.sampler, Grid):
        return space.grid(spec).__getitem__
    results = telling.told(spec, experiment.results, experiment.decisions)

    def suggested(number: int) -> dict[str, Any] | None:
        told, least = list[Told](), sampling.needed(spec, number)
        for earlier in range(number):
            trial, result = experiment.trials.get(earlier), results.get(earlier)
            if trial is None or trial.requested is None or (result is None and earlier < least):
                return None
            told.append(Told(trial.requested.settings, result.score if result else None))
        return sampling.suggest(spec, number, told)

    return suggested


def _origin(spec: ExperimentSpec) -> dict[str, str]:
    """Who chooses, and the versions of the libraries that a choice depends on."""
    is_grid = isinstance(spec.sampler, Grid)
    name = str(spec.sampler.__struct_config__.tag)
    return {"sampler": name, **({} if is_grid else sampling.versions())}


def _runs(
    name: str, spec: ExperimentSpec, experiment: Experiment, slot: Slot
) -> Iterable[m.Message]:
    """The fact that lets a run begin, or go on to a rung."""
    trial, first = experiment.trials[slot.trial], experiment.first(slot.trial)
    if trial.requested is None:
        return []
    settings, copied = trial.requested.settings, _copied(experiment, trial.requested, slot.seed)
    asked = request(name, spec, slot.trial, slot.seed, settings, first, copied)
    if slot.rung == first:
        return [asked]
    before = trial.reports[slot.seed][slot.rung - 1]
    if before.manifest is None:
        return []
    return [
        m.RunResumed(
            run=asked.run,
            manifest=before.manifest,
            segment=slot.rung - first,
            env_steps=rungs(spec, slot.trial)[slot.rung],
            target=asked.spec.get("stop", {}).get("target"),
        )
    ]


def _stops(name: str, spec: ExperimentSpec, experiment: Experiment) -> Iterator[m.StopRequested]:
    """Requests to end the runs that go on."""
    for slot in experiment.running:
        run = run_name(name, slot.trial, slot.seed)
        yield m.StopRequested(run=run, segment=slot.rung - experiment.first(slot.trial))


def _copied(
    experiment: Experiment, requested: m.TrialRequested, seed: int
) -> PolicyRef | UnsetType:
    """The policy with which a copy's run begins: that of its parent's run at the rung before."""
    if requested.parent is None:
        return UNSET
    rung = experiment.first(requested.trial) - 1
    report = experiment.trials[requested.parent].reported(seed, rung)
    return report.policy if report and report.policy else UNSET
