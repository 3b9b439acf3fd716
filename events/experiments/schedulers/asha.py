"""Asynchronous successive halving: a trial goes on as soon as it is among the best 1/factor. Pure.

Source: Li et al., A System for Massively Parallel Hyperparameter Tuning (MLSys 2020), Algorithm 2.
There a trial that is not among the best waits for ever; here it stops once no result that may still
come could let it go on, so an experiment ends.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence

from faastraingym.events.experiments.decisions import (
    Decision,
    Result,
    best,
    failure,
    place,
    rank_key,
    ranked,
    standing,
)
from faastraingym.events.experiments.race import Race
from faastraingym.events.experiments.rungs import survivors


def promote(steps: Sequence[int], factor: int, race: Race) -> Iterator[Decision]:
    """The decisions of every rung, from the first on.

    Who goes on depends on the order of the results alone, not on how many of them each invocation
    saw: two that run at once cannot contradict each other.
    """
    coming = race.total  # trials that may still come to the rung
    for rung, env_steps in enumerate(steps[:-1]):
        here = [result for result in race.results if result.rung == rung]
        coming -= len(here)
        made = [*_at_rung(here, coming, factor, env_steps)]
        yield from made
        known = {place(each): each.verdict for each in (*made, *race.decided)}
        coming += sum(known.get(place(result)) != "stop" for result in here)


def _at_rung(
    here: Sequence[Result], coming: int, factor: int, env_steps: int
) -> Iterator[Decision]:
    going_on = {each.trial: each for each in _promoted(here, factor, env_steps)}
    yield from going_on.values()
    most = survivors(len(here) + coming, factor)
    for rank, result in enumerate(ranked(here), start=1):
        if result.trial in going_on:
            continue
        stands = standing(result, rank, len(here), env_steps)
        if result.score is None:
            yield failure(result, env_steps)
        elif rank > most:
            bound = f"with {coming} to come, at most {best(most)}" if coming else best(most)
            yield Decision(*place(result), "stop", f"{stands}; {bound}")
        elif not coming:  # the rung ends with fewer trials than `factor`
            yield Decision(*place(result), "continue", f"{stands}, and nobody else comes")


def _promoted(here: Sequence[Result], factor: int, env_steps: int) -> Iterator[Decision]:
    """Those who were among the best 1/factor when a result came, in the order of results."""
    ranking: list[Result] = []
    gone_on: set[int] = set()
    for result in here:
        position = bisect(ranking, rank_key(result), key=rank_key)
        ranking.insert(position, result)
        count = len(ranking) // factor
        # All others among the best were so before, and went on then.
        last = ranking[count - 1 : count]
        for rank, each in ((position + 1, result), *((count, each) for each in last)):
            if rank > count or each.trial in gone_on or each.score is None:
                continue
            gone_on.add(each.trial)
            stands = standing(each, rank, len(ranking), env_steps)
            yield Decision(*place(each), "continue", f"{stands} so far; {best(count)}")
