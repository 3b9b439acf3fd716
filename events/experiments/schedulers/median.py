"""The median stopping rule, on the scores at one rung. Pure.

Source: Golovin et al., Google Vizier (KDD 2017), which compares with the means of whole curves; a
score here is a mean over episodes and seeds already.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterator, Sequence

from faastraingym.events.experiments.decisions import Decision, failure, number, place
from faastraingym.events.experiments.race import Race
from faastraingym.events.experiments.rungs import rungs
from faastraingym.schemas.experiment import MedianStop


def stop_below(scheduler: MedianStop, race: Race) -> Iterator[Decision]:
    """A decision for each result, which depends on those that came to its rung before."""
    *pauses, _ = rungs(race.spec, 0)
    before: defaultdict[int, list[float]] = defaultdict(list)
    for result in race.results:
        if result.rung >= len(pauses):
            continue
        env_steps = pauses[result.rung]
        if result.score is None:
            yield failure(result, env_steps)
            continue
        good, why = _compared(result.score, before[result.rung], scheduler.trials)
        reason = f"{number(result.score)} at {env_steps:,} steps {why}"
        yield Decision(*place(result), "continue" if good else "stop", reason)
        insort(before[result.rung], result.score)


def _compared(score: float, before: Sequence[float], needed: int) -> tuple[bool, str]:
    """Whether a trial goes on, and why; `before` is in ascending order."""
    if len(before) < needed:
        came = f"of the {needed} trials that a median needs, {len(before)} came before"
        return True, f"is not compared: {came}"
    median = (before[(len(before) - 1) // 2] + before[len(before) // 2]) / 2
    good = score >= median
    stands = "is not below" if good else "is below"
    return good, f"{stands} {number(median)}, the median of the {len(before)} that came before"
