"""Optuna's studies: how a space, a trial and its result are written for it.

Optuna is an extra, and is imported where a sampler is asked.
"""

import math
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from faastraingym.algorithms import seeding
from faastraingym.algorithms.experiments import conditions
from faastraingym.algorithms.experiments.dimensions import identity, last
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.experiment import (
    AnyDimension,
    Choice,
    CmaEs,
    ExperimentSpec,
    Integer,
    LogUniform,
    Sampled,
    Tpe,
)

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

LIBRARIES = ("optuna", "cmaes")


class Told(NamedTuple):
    """A trial, as a sampler knows it."""

    settings: dict[str, Any]
    score: float | None  # None: it failed


def library(name: str) -> Any:
    """A module of an extra.

    Raises:
        RunFault: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise RunFault(
            f"spec.sampler.name: {name} is not installed where experiments are planned; "
            "`pip install 'faastraingym[experiments]'`, or let the sampler be grid"
        ) from error


def new(sampler: Sampled, *indices: int) -> "Study":
    """An empty study with a seed of its own."""
    optuna = library("optuna")
    library("cmaes")  # which Optuna imports only when CMA-ES is asked
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    samplers = optuna.samplers
    seed = seeding.integer(sampler.seed, "suggestion", *indices)
    match sampler:
        case Tpe(startup=startup):
            chosen = samplers.TPESampler(seed=seed, n_startup_trials=startup)
        case CmaEs():
            chosen = samplers.CmaEsSampler(seed=seed)
        case _:
            chosen = samplers.RandomSampler(seed=seed)
    study: Study = optuna.create_study(direction="maximize", sampler=chosen)
    return study


def frozen(
    spec: ExperimentSpec, told: Told, attributes: dict[str, Any], *, is_ended: bool
) -> "FrozenTrial":
    """A trial for Optuna: complete, failed, or under way."""
    trial = library("optuna.trial")
    score = told.score if is_ended else None
    is_complete = score is not None and math.isfinite(score)
    state = trial.TrialState.FAIL if is_ended else trial.TrialState.RUNNING
    space = {path: spec.space[path] for path in told.settings}
    made: FrozenTrial = trial.create_trial(
        state=trial.TrialState.COMPLETE if is_complete else state,
        value=score if is_complete else None,
        params={path: _internal(space[path], value) for path, value in told.settings.items()},
        distributions={path: _distribution(dimension) for path, dimension in space.items()},
        system_attrs=attributes,
    )
    return made


def drawn(spec: ExperimentSpec, trial: "Trial") -> dict[str, Any]:
    """The settings that a trial draws, one after the other."""
    settings: dict[str, Any] = {}
    for path in conditions.order(spec.space):
        dimension = spec.space[path]
        if conditions.exists(dimension, settings):
            settings[path] = _suggested(trial, path, dimension)
    return {path: settings[path] for path in spec.space if path in settings}


def _suggested(trial: "Trial", path: str, dimension: AnyDimension) -> Any:
    match dimension:
        case Choice(values=values):
            return values[trial.suggest_categorical(path, range(len(values)))]
        case Integer(low=low, step=step, log=log):
            return trial.suggest_int(path, low, last(dimension), step=step, log=log)
        case _:
            is_log = isinstance(dimension, LogUniform)
            return trial.suggest_float(path, dimension.low, dimension.high, log=is_log)


def _distribution(dimension: AnyDimension) -> "BaseDistribution":
    """As the methods of `_suggested` make it."""
    kinds = library("optuna.distributions")
    match dimension:
        case Choice(values=values):
            found = kinds.CategoricalDistribution(range(len(values)))
        case Integer(low=low, step=step, log=log):
            found = kinds.IntDistribution(low, last(dimension), log=log, step=step)
        case _:
            is_log = isinstance(dimension, LogUniform)
            found = kinds.FloatDistribution(dimension.low, dimension.high, log=is_log)
    distribution: BaseDistribution = found
    return distribution


def _internal(dimension: AnyDimension, value: Any) -> Any:
    """Optuna's value for a setting: of a choice, the place of the setting in it."""
    if not isinstance(dimension, Choice):
        return value
    return next(i for i, each in enumerate(dimension.values) if identity(each) == identity(value))
