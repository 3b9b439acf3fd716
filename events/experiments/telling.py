"""What a sampler learns from: pure."""

from collections.abc import Iterable

from faastraingym.events.experiments.decisions import Decision, Result, place
from faastraingym.schemas.experiment import ExperimentSpec, Halving, Hyperband, Population

WAITING = (Halving, Hyperband, Population)  # a trial may pause until later ones are there


def told(
    spec: ExperimentSpec, results: Iterable[Result], decided: Iterable[Decision]
) -> dict[int, Result]:
    """By trial, the result that the sampler is told; it has to wait for one that is missing.

    Where a trial may pause until later ones have come, that of its first rung: a sampler that waits
    for the end of earlier trials, and they for later ones, would wait for ever. Otherwise its last.
    """
    if isinstance(spec.scheduler, WAITING):
        return {each.trial: each for each in results if each.rung == 0}
    ends = {place(each) for each in decided if each.verdict == "stop"}
    return {each.trial: each for each in results if place(each) in ends}
