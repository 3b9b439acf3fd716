"""An experiment's trials and decisions, for a comparison of its runs: pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from faastraingym.algorithms.experiments import space
from faastraingym.events.experiments.history import COPY, Experiment
from faastraingym.events.experiments.names import run_name
from faastraingym.events.experiments.plan import state, why
from faastraingym.events.experiments.rungs import rungs, successor
from faastraingym.events.views.settings import SEED, identity
from faastraingym.schemas.comparison import ComparedDecision, ComparedTrial, Perturbed, RungScore
from faastraingym.schemas.experiment import ExperimentSpec
from faastraingym.schemas.messages import TrialRequested


def compared(
    name: str, experiment: Experiment, configurations: Mapping[str, int]
) -> list[ComparedTrial]:
    """The trials of an experiment, by their numbers.

    Args:
        name: the experiment's.
        experiment: its facts, folded.
        configurations: the number of each compared run's configuration.
    """
    spec, replaced = experiment.spec, _replaced(experiment)
    if spec is None:
        return []
    return [
        _trial(spec, experiment, requested, replaced.get(number), configurations)
        for number, trial in sorted(experiment.trials.items())
        if (requested := trial.requested)
    ]


def decisions(name: str, experiment: Experiment) -> list[ComparedDecision]:
    """The decisions of an experiment's scheduler, in the order of the log."""
    spec = experiment.spec
    return [
        ComparedDecision(
            experiment=name,
            trial=one.trial,
            env_steps=rungs(spec, one.trial)[one.rung],
            score=experiment.trials[one.trial].decided[one.rung].score,
            decision=one.verdict,
            reason=one.reason,
            parent=one.parent,
        )
        for one in experiment.decisions
        if spec
    ]


def specifications(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """What each run of a trial would be alone: it was asked for up to a rung only."""
    spec = experiment.spec
    return {
        run: space.overridden(spec.run, requested.settings) | {SEED: seed}
        for trial in experiment.trials.values()
        if spec and (requested := trial.requested)
        for run, seed in zip(requested.runs, spec.seeds, strict=True)
    }


def apart(name: str, experiment: Experiment) -> dict[str, str]:
    """Runs that are results of their own, though another trial may have the same settings.

    A copy has begun with another network, and a sampler may choose a configuration twice.
    """
    known, found = set[bytes](), dict[str, str]()
    for number, trial in sorted(experiment.trials.items()):
        if requested := trial.requested:
            chosen = identity(requested.settings)
            if requested.parent is not None or chosen in known:
                found |= dict.fromkeys(requested.runs, f"{name} {number}")
            known.add(chosen)
    return found


def _replaced(experiment: Experiment) -> dict[int, int]:
    """The trial in whose place each copy is."""
    return {
        successor(experiment.total, one.trial, one.rung): one.trial
        for one in experiment.decisions
        if one.verdict == COPY
    }


def _trial(
    spec: ExperimentSpec,
    experiment: Experiment,
    requested: TrialRequested,
    replaces: int | None,
    configurations: Mapping[str, int],
) -> ComparedTrial:
    name, number, parent = requested.run, requested.trial, requested.parent
    trial, steps = experiment.trials[number], rungs(spec, number)
    decided = [trial.decided[rung].reason for rung in sorted(trial.decided)]
    numbers = (configurations[run] for run in requested.runs if run in configurations)
    return ComparedTrial(
        experiment=name,
        trial=number,
        configuration=next(numbers, None),
        runs=requested.runs,
        state=state(spec, experiment, number),
        reason=why(trial) if trial.failed else decided[-1] if decided else "",
        chosen_by=requested.origin,
        scores=[
            _score(spec, experiment, requested, rung, steps[rung]) for rung in sorted(trial.results)
        ],
        parent=parent,
        replaces=replaces,
        begun_at=steps[experiment.first(number) - 1] if parent is not None else 0,
        perturbed={} if parent is None else dict(_perturbed(experiment, parent, number)),
    )


def _score(
    spec: ExperimentSpec, experiment: Experiment, of: TrialRequested, rung: int, steps: int
) -> RungScore:
    trial = experiment.trials[of.trial]
    reports = {seed: trial.reported(seed, rung) for seed in spec.seeds}
    runs = {run_name(of.run, of.trial, seed): one.score for seed, one in reports.items() if one}
    return RungScore(env_steps=steps, score=trial.results[rung], runs=runs)


def _perturbed(experiment: Experiment, parent: int, number: int) -> Iterator[tuple[str, Perturbed]]:
    """The settings in which a copy differs from its parent."""
    before, after = _settings(experiment, parent), _settings(experiment, number)
    for path in dict.fromkeys([*before, *after]):
        if before.get(path) != after.get(path):
            yield path, Perturbed(parent=before.get(path), copy=after.get(path))


def _settings(experiment: Experiment, number: int) -> dict[str, Any]:
    found = experiment.trials.get(number)
    return found.requested.settings if found and found.requested else {}
