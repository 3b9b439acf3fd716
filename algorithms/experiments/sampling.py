"""The next configuration, by a sampler of Optuna whose study is rebuilt from what happened.

No study lives anywhere: the same specification and the same results give the same suggestion.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from faastraingym.algorithms.experiments import studies
from faastraingym.algorithms.experiments.studies import Told
from faastraingym.schemas.experiment import CmaEs, ExperimentSpec, Grid, Random, Tpe

if TYPE_CHECKING:
    from optuna import Study

__all__ = ["Told", "needed", "suggest", "versions"]


def needed(spec: ExperimentSpec, trial: int) -> int:
    """How many first trials must have ended before `suggest`.

    As many trials are ahead of the results as go on at one time, so that a suggestion follows from
    the specification and the results, and not from the order in which trials end.
    """
    if not isinstance(spec.sampler, Tpe | CmaEs):
        return 0
    ahead = math.ceil(spec.at_once / len(spec.seeds))
    return max(0, trial - ahead + 1)


def suggest(spec: ExperimentSpec, trial: int, told: Sequence[Told]) -> dict[str, Any]:
    """The configuration of a trial, by a sampler that is no grid; same arguments, same answer.

    Args:
        spec: without problems.
        trial: its number.
        told: all trials before it, in order. The first `needed` have ended; of the others, be they
            under way or not, the score is not looked at.

    Raises:
        RunFault: Optuna is not installed.
    """
    sampler = spec.sampler
    if isinstance(sampler, Tpe | CmaEs) and len(told) < trial:
        raise ValueError(f"trial {trial} comes after {trial} others; told of {len(told)}")
    match sampler:
        case Grid():
            raise ValueError("a grid has its configurations from the start")
        case Random():
            study = studies.new(sampler, trial)
        case Tpe():
            study = _rebuilt(spec, sampler, trial, told)
        case CmaEs():
            study = _generations(spec, sampler, trial, told)
    return studies.drawn(spec, study.ask())


def versions() -> dict[str, str]:
    """The libraries on which a suggestion depends, with their versions.

    Raises:
        RunFault: one is not installed.
    """
    return {name: studies.library(name).__version__ for name in studies.LIBRARIES}


def _rebuilt(spec: ExperimentSpec, sampler: Tpe, trial: int, told: Sequence[Told]) -> "Study":
    """A study that has the earlier trials, those under way too, which keep it from their places."""
    study = studies.new(sampler, trial)
    for i, each in enumerate(told[:trial]):
        is_ended = i < needed(spec, trial)
        study.add_trial(studies.frozen(spec, each, {}, is_ended=is_ended))
    return study


def _generations(spec: ExperimentSpec, sampler: CmaEs, trial: int, told: Sequence[Told]) -> "Study":
    """CMA-ES's study once the earlier trials were asked, each with the results it was asked with.

    Optuna keeps the generation of a trial, and the state of the search, with the trials that were
    asked. So all are asked again, and what was drawn gives way to what was recorded, should another
    version of Optuna have drawn it.
    """
    study, attributes, ended = studies.new(sampler), list[dict[str, Any]](), 0
    for number in range(trial + 1):
        while ended < needed(spec, number):
            study.add_trial(studies.frozen(spec, told[ended], attributes[ended], is_ended=True))
            ended += 1
        if number < trial:
            studies.drawn(spec, study.ask())
            attributes.append(study.get_trials(deepcopy=False)[-1].system_attrs)
    return study
