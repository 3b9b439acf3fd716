"""Removing an experiment: what stands against it, and which runs go with it. Pure (ADR 68)."""

from collections.abc import Iterable

from faastraingym.events.experiments.history import Experiment
from faastraingym.schemas import messages as m


def refusal(name: str, experiment: Experiment) -> str:
    """Why the experiment cannot be removed now, and what to do; empty: it can, or is none."""
    if experiment.requested is None or experiment.over:
        return ""
    if experiment.stop:
        return f"experiment {name} is stopping; `faastrain follow {name}` waits for its end"
    return f"experiment {name} goes on; first `faastrain stop {name}`"


def runs(facts: Iterable[m.Message]) -> list[str]:
    """The runs that go with it, by its facts: those too whose requests are still on their way."""
    trials = sorted(
        (fact for fact in facts if isinstance(fact, m.TrialRequested)), key=lambda one: one.trial
    )
    return list(dict.fromkeys(run for trial in trials for run in trial.runs))
