"""What a sampler learns from: pure."""

from collections.abc import Iterable

from faastraingym.events.experiments.decisions import Decision, Result
from faastraingym.schemas.experiment import ExperimentSpec, Halving, Hyperband, Population

WAITING = (Halving, Hyperband, Population)  # a trial may pause until later ones are there


def told(
    spec: ExperimentSpec, trial: int, results: Iterable[Result], decided: Iterable[Decision]
) -> Result | None:
    """The result of `trial` that the sampler is told; None: it has to wait for it.

    Where a trial may pause until later ones have come, that of its first rung: a sampler that waits
    for the end of earlier trials, and they for later ones, would wait for ever. Otherwise its last.
    """
    places = {(trial, 0)} if isinstance(spec.scheduler, WAITING) else _ends(trial, decided)
    return next((each for each in results if (each.trial, each.rung) in places), None)


def _ends(trial: int, decided: Iterable[Decision]) -> set[tuple[int, int]]:
    return {
        (each.trial, each.rung)
        for each in decided
        if each.trial == trial and each.verdict == "stop"
    }
