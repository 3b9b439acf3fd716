"""The best trial of an experiment, and the best of its runs: pure."""

from typing import Any

from msgspec import Struct

from faastraingym.events.experiments.history import Experiment
from faastraingym.events.experiments.names import run_name
from faastraingym.events.experiments.plan import best


class Winner(Struct, frozen=True, kw_only=True):
    """What `faastrain best` tells: the trial with the highest score, and its runs."""

    experiment_id: str
    trial: int
    settings: dict[str, Any]
    score: float  # mean over its runs
    run: str  # with the highest score; of equal ones that of the first seed
    scores: dict[str, float]  # of each run, in the order of seeds


def winner(name: str, experiment: Experiment) -> Winner | None:
    """As it stands; None: no trial has a score."""
    spec = experiment.spec
    found = best(spec, experiment) if spec else None
    if spec is None or found is None:
        return None
    trial = experiment.trials[found.trial]
    rung = max(trial.results)
    reports = {seed: trial.reported(seed, rung) for seed in spec.seeds}
    scores = {
        run_name(name, found.trial, seed): report.score
        for seed, report in reports.items()
        if report and report.score is not None
    }
    return Winner(
        experiment_id=name,
        trial=found.trial,
        settings=found.settings,
        score=found.score,
        run=max(scores, key=lambda run: scores[run]),
        scores=scores,
    )
