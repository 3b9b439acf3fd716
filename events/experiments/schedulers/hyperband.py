"""Hyperband: each bracket is a successive halving of its own. Pure.

Source: Li et al., Hyperband (JMLR 18, 2018).
"""

from collections import defaultdict
from collections.abc import Iterator

from faastraingym.events.experiments.decisions import Decision
from faastraingym.events.experiments.race import Race
from faastraingym.events.experiments.rungs import rungs
from faastraingym.events.experiments.schedulers.halving import rung_by_rung
from faastraingym.schemas.experiment import Hyperband


def halve_brackets(scheduler: Hyperband, race: Race) -> Iterator[Decision]:
    """A bracket is decided by its own trials, which are those with the same rungs."""
    brackets: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for trial in range(race.total):
        brackets[rungs(race.spec, trial)].append(trial)
    for steps, trials in brackets.items():
        yield from rung_by_rung(trials, steps, scheduler.factor, race)
