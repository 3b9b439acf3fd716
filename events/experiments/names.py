"""Names of an experiment's runs, and who has them already: pure.

Runs and experiments share one namespace, since both name subjects and folders.
"""

import re
from collections.abc import Iterable, Iterator

from faastraingym.algorithms.experiments import space
from faastraingym.events.experiments.rungs import rungs
from faastraingym.schemas import messages as m
from faastraingym.schemas.experiment import ExperimentSpec, Population

MAX_LENGTH = 63  # of a DNS label


def run_name(experiment: str, trial: int, seed: int) -> str:
    """The name of a trial's run."""
    return f"{experiment}-{trial}-{seed}"


def room(spec: ExperimentSpec) -> int:
    """Characters that an experiment's name may have, so that its runs' names are names, too."""
    numbers = space.trials(spec)
    if isinstance(spec.scheduler, Population):  # copies have numbers of their own, at each rung
        numbers *= len(rungs(spec, 0))
    longest = max(len(str(seed)) for seed in spec.seeds) + len(str(numbers - 1))
    return MAX_LENGTH - longest - len("--")


def problem(experiment: str, spec: ExperimentSpec) -> str:
    """A name that is too long; empty: it is not."""
    if len(experiment) <= room(spec):
        return ""
    return (
        f"the experiment's name: found {len(experiment)} characters; allowed: at most "
        f"{room(spec)}, for the names of its runs have trial and seed behind it"
    )


def is_run_of(name: str, experiment: str) -> bool:
    """Whether a run of the experiment could have this name."""
    return re.fullmatch(rf"{re.escape(experiment)}-\d+-\d+", name) is not None


def taken(experiment: str, requests: Iterable[m.Message]) -> Iterator[str]:
    """The names of runs that others asked for, and that the experiment would need."""
    for fact in requests:
        if isinstance(fact, m.RunRequested):
            member = fact.experiment
            is_own = isinstance(member, m.Membership) and member.name == experiment
            if not is_own and (fact.run == experiment or is_run_of(fact.run, experiment)):
                yield fact.run
