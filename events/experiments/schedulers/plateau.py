"""A trial that does not become better any more stops: it is compared with itself alone. Pure."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from faastraingym.events.experiments.decisions import (
    Decision,
    Result,
    failure,
    number,
    ordinal,
    place,
)
from faastraingym.events.experiments.race import Race
from faastraingym.events.experiments.rungs import rungs
from faastraingym.schemas.experiment import Plateau


def stop_at(scheduler: Plateau, race: Race) -> Iterator[Decision]:
    """A decision for each result, which depends on the trial's earlier ones."""
    *pauses, _ = rungs(race.spec, 0)
    for trial in range(race.total):
        places = ((trial, rung) for rung in range(len(pauses)))
        curve = [race.there[at] for at in takewhile(race.there.__contains__, places)]
        yield from _along(curve, scheduler, pauses)


def _along(
    curve: Sequence[Result], scheduler: Plateau, pauses: Sequence[int]
) -> Iterator[Decision]:
    best, since = -float("inf"), 0  # the best score, and its rung
    for result in curve:
        if result.score is None:
            yield failure(result, pauses[result.rung])
            return
        stands = f"{number(result.score)} at {pauses[result.rung]:,} steps is"
        if result.rung == 0 or result.score > best + scheduler.min_delta:
            best, since = result.score, result.rung
            yield Decision(*place(result), "continue", f"{stands} the best so far")
            continue
        waited = result.rung - since
        late = waited >= scheduler.patience
        than = f"not better than {number(best)} at {pauses[since]:,}"
        reason = f"{stands} {than}, {ordinal(waited)} rung of {scheduler.patience} without a better"
        yield Decision(*place(result), "stop" if late else "continue", reason)
