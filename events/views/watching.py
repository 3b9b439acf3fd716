"""The newest numbers of an experiment, for dashboards: pure."""

from collections import Counter
from collections.abc import Mapping
from typing import get_args

from msgspec import Struct

from faastraingym.events.experiments.history import Experiment
from faastraingym.events.experiments.plan import best, state
from faastraingym.events.views.experiments import status
from faastraingym.schemas.comparison import TrialState
from faastraingym.schemas.report import Status

STATES: tuple[TrialState, ...] = get_args(TrialState)


class ExperimentView(Struct, frozen=True, kw_only=True):
    """One experiment, now; a number of which no fact tells is None."""

    name: str
    status: Status
    requested_at: float  # Unix time, seconds, as are all times here
    last_at: float
    ended_at: float  # 0: it goes on
    planned: int | None  # trials that the sampler chooses
    trials: Mapping[TrialState, int]  # that were requested, by every state
    running: int  # runs
    best: float | None  # score
    gb_seconds: float


def view(name: str, experiment: Experiment) -> ExperimentView:
    """An experiment of which these facts are known."""
    spec = experiment.spec
    states = Counter(state(spec, experiment, n) for n in experiment.trials) if spec else {}
    found = best(spec, experiment) if spec else None
    return ExperimentView(
        name=name,
        status=status(experiment),
        requested_at=experiment.first_at,
        last_at=experiment.last_at,
        ended_at=experiment.end_at,
        planned=experiment.total if spec else None,
        trials={one: states.get(one, 0) for one in STATES},
        running=0 if experiment.end else len(experiment.running),
        best=found.score if found else None,
        gb_seconds=experiment.gb_seconds,
    )
