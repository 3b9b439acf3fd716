"""Successive halving, one rung at a time: of its trials the best 1/factor go on. Pure.

Source: Jamieson and Talwalkar, Non-stochastic Best Arm Identification (AISTATS 2016).
"""

from collections.abc import Iterable, Iterator, Sequence

from faastraingym.events.experiments.decisions import (
    Decision,
    Result,
    best,
    failure,
    place,
    ranked,
    standing,
)
from faastraingym.events.experiments.race import Race
from faastraingym.events.experiments.rungs import rungs, survivors
from faastraingym.events.experiments.schedulers import asha
from faastraingym.schemas.experiment import Halving


def halve(scheduler: Halving, race: Race) -> Iterable[Decision]:
    """Complete rung by complete rung, or as results come (`asha`)."""
    steps = rungs(race.spec, 0)
    if scheduler.asynchronous:
        return asha.promote(steps, scheduler.factor, race)
    return rung_by_rung(range(race.total), steps, scheduler.factor, race)


def rung_by_rung(
    trials: Iterable[int], steps: Sequence[int], factor: int, race: Race
) -> Iterator[Decision]:
    """The decisions of every rung that all `trials` which should be there have reached.

    Of a rung that is not complete, the failed trials stop: nobody else's result changes that.
    """
    racing = list(trials)
    for rung, env_steps in enumerate(steps[:-1]):
        here = [race.there[trial, rung] for trial in racing if (trial, rung) in race.there]
        if len(here) < len(racing):
            yield from (failure(each, env_steps) for each in here if each.score is None)
            return
        made = _cut(here, factor, env_steps)
        yield from made
        racing = [each.trial for each in made if race.held(each).verdict == "continue"]


def _cut(here: Sequence[Result], factor: int, env_steps: int) -> list[Decision]:
    """The decisions of a complete rung."""
    going_on = survivors(len(here), factor)
    made = []
    for rank, result in enumerate(ranked(here), start=1):
        if result.score is None:
            made.append(failure(result, env_steps))
            continue
        reason = f"{standing(result, rank, len(here), env_steps)}; {best(going_on)}"
        made.append(Decision(*place(result), "continue" if rank <= going_on else "stop", reason))
    return made
