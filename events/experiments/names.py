"""Names of an experiment's runs, and who has them already: pure.

Runs and experiments share one namespace, since both name subjects and folders.
"""

import re
from collections.abc import Iterable, Iterator

from faastraingym.schemas import messages as m


def run_name(experiment: str, trial: int, seed: int) -> str:
    """The name of a trial's run."""
    return f"{experiment}-{trial}-{seed}"


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
