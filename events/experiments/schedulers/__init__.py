"""Who decides which trials go on: a line per scheduler."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from faastraingym.events.experiments.decisions import Decision, Result, failure, number, place
from faastraingym.events.experiments.race import Race
from faastraingym.events.experiments.rungs import rungs
from faastraingym.events.experiments.schedulers import (
    halving,
    hyperband,
    median,
    plateau,
    population,
)
from faastraingym.events.experiments.schedulers.perturbation import perturbed
from faastraingym.schemas import experiment as e

__all__ = ["RULES", "decide", "perturbed"]

Rule = Callable[[Any, Race], Iterable[Decision]]  # the scheduler's settings, and what is known

# What follows from results below the last rung, whether it was recorded or not.
RULES: dict[type[e.Scheduler], Rule] = {
    e.Unscheduled: lambda _, __: (),
    e.Halving: halving.halve,
    e.Hyperband: hyperband.halve_brackets,
    e.MedianStop: median.stop_below,
    e.Plateau: plateau.stop_at,
    e.Population: population.exploit,
}


def decide(
    spec: e.ExperimentSpec, total: int, results: Sequence[Result], decided: Sequence[Decision]
) -> list[Decision]:
    """The decisions that follow now and are not in `decided`, by rung and trial.

    `total`: trials that the sampler suggests in all. `results` in the order of the log, on which
    the decisions of an asynchronous scheduler depend. What was decided is never revised.
    """
    race = Race(spec, total, results, decided)
    made = [*_ended(race), *RULES[type(spec.scheduler)](spec.scheduler, race)]
    known = {place(decision) for decision in decided}
    new = [decision for decision in made if place(decision) not in known]
    return sorted(new, key=lambda decision: (decision.rung, decision.trial))


def _ended(race: Race) -> Iterator[Decision]:
    for result in race.results:
        steps = rungs(race.spec, result.trial)
        if result.rung != len(steps) - 1:
            continue
        if result.score is None:
            yield failure(result, steps[-1])
        else:
            reason = f"{steps[-1]:,} steps are the whole budget; it reached {number(result.score)}"
            yield Decision(*place(result), "stop", reason)
